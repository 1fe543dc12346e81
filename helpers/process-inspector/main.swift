ProcessInspector.run()

internal import HelperKit

EventReader.run()

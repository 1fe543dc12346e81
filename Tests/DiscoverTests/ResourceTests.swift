import Discover
import Settings
import Testing
import Wire

@Suite struct ResourceTests {
    /// The resource of a process that a `*` selector chose.
    private static func machine(
        _ executable: String, _ arguments: [String] = [], selector: Selector? = nil, serviceName: String? = nil,
        attributes: String? = nil, common: [NamedValue] = [], cgroup: String = "0::/x.service\n"
    ) throws -> Machine {
        let settings = DiscoverySettings(
            instrument: [try selector ?? Selector(exePath: Glob("*"))], defaultExcludeInstrument: [])
        var machine = Machine(settings, attributes: common)
        machine.add(
            10, executable, arguments: arguments, serviceName: serviceName, attributes: attributes, cgroup: cgroup)
        machine.start()
        return machine
    }

    @Test(
        arguments: [
            // What an interpreter runs.
            ("/usr/bin/python3", ["app.py"], "app"), ("/usr/bin/python3.12", ["/srv/shop/cart.py", "-x", "y"], "cart"),
            ("/usr/bin/python3", ["-u", "-O", "app.py"], "app"),
            ("/usr/bin/python3", ["-m", "http.server", "80"], "http.server"),
            ("/usr/bin/python3", ["-um", "shop.api"], "shop.api"), ("/usr/bin/python3", ["-mshop"], "shop"),
            ("/usr/bin/python3", ["-W", "ignore", "-X", "dev", "app.py"], "app"),
            ("/usr/bin/python3", ["-Wignore", "app.py"], "app"),
            ("/usr/bin/python3", ["--check-hash-based-pycs", "always", "app.py"], "app"),
            ("/usr/bin/python3", ["/usr/local/bin/gunicorn", "shop:app"], "gunicorn"),
            ("/usr/bin/pypy3", ["x.py"], "x"),
            ("/usr/bin/python3", ["-c", "import secrets"], "python3"),
            ("/usr/bin/python3", ["-Ic", "code"], "python3"),
            ("/usr/bin/python3", ["-"], "python3"), ("/usr/bin/python3", [], "python3"),
            ("/usr/bin/python3", ["-m"], "python3"),
            ("/usr/bin/node", ["server.js"], "server"),
            ("/usr/bin/node", ["--require", "/t/otel.cjs", "/srv/api.mjs"], "api"),
            ("/usr/bin/node", ["--inspect=9229", "--max-old-space-size=400", "dist/main.js"], "main"),
            ("/usr/bin/node", ["-e", "require('x')"], "node"), ("/usr/bin/node", ["--", "a.js"], "a"),
            ("/usr/bin/node", ["/srv/shop"], "shop"), ("/usr/local/bin/bun", ["run", "api.ts"], "api"),
            ("/usr/bin/deno", ["run", "--allow-net", "serve.ts"], "serve"),
            ("/usr/lib/jvm/bin/java", ["-Xmx1g", "-jar", "/srv/shop.jar", "--secret"], "shop"),
            ("/usr/bin/java", ["-jar", "spring-petclinic-3.1.0-SNAPSHOT.jar"], "spring-petclinic"),
            ("/usr/bin/java", ["-jar", "log4j-2.jar"], "log4j-2"), ("/usr/bin/java", ["-jar"], "java"),
            ("/usr/bin/java", ["-cp", "/a:/b", "-Dx=y", "com.example.shop.ShopApplication", "arg"], "ShopApplication"),
            ("/usr/bin/java", ["-p", "mods", "-m", "shop.app/com.example.Main"], "Main"),
            ("/usr/bin/java", ["--module=shop.app/com.example.Main"], "Main"), ("/usr/bin/java", ["@options"], "java"),
            ("/usr/bin/java", ["--source", "21", "Hello.java"], "Hello"),
            ("/usr/bin/ruby3.1", ["-r", "bundler/setup", "/srv/bin/puma", "-p", "80"], "puma"),
            ("/usr/bin/ruby", ["app.rb"], "app"),
            ("/usr/bin/ruby", ["-e", "puts"], "ruby"),
            ("/usr/bin/php8.2", ["-S", "0.0.0.0:80", "router.php"], "router"),
            ("/usr/bin/php", ["-d", "x=1", "-f", "/srv/worker.php"], "worker"),
            ("/usr/bin/php", ["-r", "phpinfo();"], "php"),
            ("/usr/sbin/php-fpm8.2", [], "php-fpm8.2"), ("/usr/bin/perl", ["-I", "lib", "app.pl"], "app"),
            ("/usr/share/dotnet/dotnet", ["Shop.Api.dll"], "Shop.Api"),
            ("/usr/share/dotnet/dotnet", ["exec", "Shop.dll"], "Shop"),
            ("/usr/lib/erlang/bin/beam.smp", ["-progname", "erl"], "beam.smp"),
            // Everything else is called what it is called.
            ("/usr/sbin/nginx", ["-g", "daemon off;"], "nginx"), ("/srv/shop/cart", [], "cart"),
            ("/usr/bin/bash", ["run.sh"], "bash"),
            ("/srv/shop/cart (deleted)", [], "cart"), ("/opt/pythonic", ["app.py"], "pythonic"),
            // What does not look like a name is data.
            ("/usr/bin/node", ["--unknown", "token=hunter2"], "node"), ("/usr/bin/node", ["postgres://u:p@h/d"], "d"),
            ("/usr/bin/python3", ["/x/a b.py"], "python3"),
            ("/usr/bin/python3", [String(repeating: "x", count: 200)], "python3"),
        ] as [(String, [String], String)])
    func namesTheService(executable: String, arguments: [String], name: String) throws {
        #expect(try Self.machine(executable, arguments).text(10, "service.name") == name)
    }

    @Test func namesComeFromTheStrongestSource() throws {
        let named = Selector(exePath: try Glob("*"), name: "selector", namespace: "space")
        func name(_ selector: Selector? = nil, _ serviceName: String?, _ attributes: String?) throws -> String? {
            try Self.machine(
                "/usr/bin/node", ["api.js"], selector: selector, serviceName: serviceName, attributes: attributes
            ).text(10, "service.name")
        }
        #expect(try name(named, "environment", "service.name=attribute") == "selector")
        #expect(try name(nil, "environment", "service.name=attribute") == "environment")
        #expect(try name(nil, nil, "service.name=attribute") == "attribute")
        #expect(try name(nil, "", "service.name=attribute") == "attribute")
        #expect(try name(nil, nil, "service.name=") == "api")
        #expect(try name(nil, nil, nil) == "api")
        let machine = try Self.machine("/a", selector: named, attributes: "service.namespace=other")
        #expect(machine.text(10, "service.namespace") == "space")
        #expect(
            try Self.machine("/a", attributes: "service.namespace=other").text(10, "service.namespace") == "other")
    }

    @Test func saysEverything() throws {
        let id = String(repeating: "1b", count: 32)
        let machine = try Self.machine(
            "/usr/bin/python3", ["app.py", "--password", "hunter2"],
            attributes: "deployment.environment=prod,team=a%20b%2Cc",
            common: [NamedValue(name: "team", value: "host"), NamedValue(name: "rack", value: "7")],
            cgroup: "0::/docker/\(id)\n")
        let expected: [String: ResourceAttribute.Value] = [
            "service.name": .string("app"), "service.instance.id": .string("box:10"), "host.name": .string("box"),
            "host.id": .string("0123"), "os.type": .string("linux"), "process.pid": .integer(10),
            "process.executable.name": .string("python3"), "process.executable.path": .string("/usr/bin/python3"),
            "container.id": .string(id), "telemetry.sdk.name": .string("hilo"),
            "telemetry.sdk.language": .string("python"),
            "telemetry.sdk.version": .string("1.2.3"), "deployment.environment": .string("prod"),
            "team": .string("a b,c"),
            "rack": .string("7"),
        ]
        #expect(machine.resources[10] == expected)
    }

    @Test func aProcessCannotSayWhatHiloKnowsBetter() throws {
        let machine = try Self.machine(
            "/bin/x",
            attributes:
                "process.pid=1,host.name=evil,host.id=evil,container.id=evil,telemetry.sdk.name=evil,os.type=evil,"
                + "process.executable.path=evil,service.instance.id=mine,a=b")
        #expect(!machine.resources[10, default: [:]].values.contains(.string("evil")))
        #expect(machine.resources[10]?["process.pid"] == .integer(10))
        #expect(machine.text(10, "service.instance.id") == "mine")
        #expect(machine.text(10, "a") == "b")
    }

    @Test(arguments: ["a", "=b", "a=%", "a=%zz", "a=%ff", "a=b,c", "a=b,=c", "%zz=b"])
    func malformedAttributesAreLeftOutAsAWhole(attributes: String) throws {
        let machine = try Self.machine("/bin/x", attributes: "good=1," + attributes)
        #expect(machine.text(10, "good") == nil)
        #expect(machine.text(10, "service.name") == "x")
    }

    @Test func whatAProcessSaysIsBounded() throws {
        let many = (0..<500).map { "k\($0)=\($0)" }.joined(separator: ",")
        #expect(try Self.machine("/bin/x", attributes: many).resources[10, default: [:]].count < 80)
        let long = String(repeating: "é", count: 3000)
        let machine = try Self.machine("/bin/x", serviceName: long, attributes: "a=\(long)")
        #expect(machine.text(10, "service.name")?.utf8.count == 1024)
        #expect(machine.text(10, "a")?.utf8.count == 1024)
        #expect(try Self.machine("/bin/x", serviceName: "a\u{0}\u{1B}[31m\nb").text(10, "service.name") == "a[31mb")
    }

    @Test func unreadableProcessesAreCalledSomething() throws {
        var machine = Machine(DiscoverySettings(instrument: [Selector(targetPIDs: [10, 11])]))
        machine.add(10, "")
        machine.processes[10]?.description.command = "worker"
        machine.add(11, "")
        machine.processes[11]?.description.command = ""
        machine.processes[11]?.description.commandLine = []
        machine.start()
        #expect(machine.text(10, "service.name") == "worker")
        #expect(machine.text(10, "process.executable.path") == nil)
        #expect(machine.text(11, "service.name") == "unknown_service")
    }
}

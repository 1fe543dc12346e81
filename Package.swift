// swift-tools-version: 6.1
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// Programs carry Swift's run-time libraries: one with file capabilities takes none from a place that it is told of.
/// Only the link differs, so that products and tests are compiled once; `--static-swift-stdlib` would compile again.
let staticRuntime: [LinkerSetting] = [.unsafeFlags(["-static-stdlib"])]

/// The same for a program that uses Foundation, whose static library does not name what it needs.
let staticFoundation: [LinkerSetting] =
    staticRuntime
    + [
        "CoreFoundation", "FoundationInternationalization", "FoundationEssentials", "_FoundationICU",
        "_FoundationCollections", "_FoundationCShims", "swiftSynchronization", "swift_RegexParser",
        "swift_StringProcessing",
    ].map { .linkedLibrary($0) }

/// A module of the coordinator, or one shared by it and the helpers.
func module(_ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/\(name)", exclude: exclude, swiftSettings: settings)
}

/// A helper: a process with one privilege, which may depend on these eight modules and on nothing else.
func helper(_ name: String, needs: [Target.Dependency] = []) -> Target {
    .executableTarget(
        name: "hilo-\(name)", dependencies: ["HelperKit", "Wire", "LinuxSys"] + needs, path: "helpers/\(name)",
        exclude: ["README.md"], swiftSettings: settings, linkerSettings: staticRuntime)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.byName(name: name)] + dependencies, path: "Tests/\(name)Tests",
        swiftSettings: settings)
}

let package = Package(
    name: "hilo",
    products: [
        .executable(name: "hilo", targets: ["Hilo"]),
        .executable(name: "hilo-process-inspector", targets: ["hilo-process-inspector"]),
        .executable(name: "hilo-event-reader", targets: ["hilo-event-reader"]),
        .executable(name: "hilo-tc-attacher", targets: ["hilo-tc-attacher"]),
        .executable(name: "hilo-tls-attacher", targets: ["hilo-tls-attacher"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    ],
    targets: [
        // C: what Swift cannot say.
        .target(name: "CLinux", path: "Sources/CLinux"),
        .target(
            name: "CLibBPF", path: "Sources/CLibBPF",
            linkerSettings: [.linkedLibrary(":libbpf.a"), .linkedLibrary(":libelf.a"), .linkedLibrary(":libz.a")]),
        .systemLibrary(name: "CZlib", path: "Sources/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "BPFABI", path: "Sources/BPFABI"),

        // Both sides of the trust boundary.
        module("LinuxSys", ["CLinux"]),
        module("Wire", ["LinuxSys"], exclude: ["PROTOCOL.md"]),
        module("HelperKit", ["LinuxSys", "Wire"]),
        module("LibBPF", ["BPFABI", "CLibBPF", "HelperKit", "LinuxSys", "Wire"]),

        // Pure: bytes and values in, values out.
        module("TraceContext"),
        module("Dissect"),
        module("ELF"),
        module("Assemble", ["TraceContext", "Dissect"]),
        module(
            "OTLP", ["Assemble", "TraceContext", .product(name: "SwiftProtobuf", package: "swift-protobuf")],
            exclude: ["Generated/README.md"]),

        // The coordinator.
        module("Settings", ["TraceContext", .product(name: "Yams", package: "Yams")]),
        module("Discover", ["Settings", "Wire"]),
        module(
            "Export",
            [
                "Assemble", "OTLP", "Settings", "TraceContext", "LinuxSys", "CZlib",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
            ]),
        module("Audit", ["LinuxSys", "Wire"]),
        module("Supervise", ["Audit", "LinuxSys", "Wire", .product(name: "Logging", package: "swift-log")]),
        module(
            "Coordinate",
            [
                "Assemble", "BPFABI", "Discover", "Export", "LinuxSys", "OTLP", "Settings", "Supervise", "TraceContext",
                "Wire",
                .product(name: "Logging", package: "swift-log"),
            ]),
        .executableTarget(
            name: "Hilo",
            dependencies: [
                "Audit", "Coordinate", "Export", "LinuxSys", "Settings", "Supervise", "Wire",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Sources/Hilo", swiftSettings: settings, linkerSettings: staticFoundation),

        // The helpers.
        helper("process-inspector"),
        helper("event-reader", needs: ["BPFABI", "CLibBPF", "LibBPF"]),
        helper("tc-attacher", needs: ["BPFABI", "CLibBPF", "LibBPF"]),
        helper("tls-attacher", needs: ["BPFABI", "CLibBPF", "ELF", "LibBPF"]),
        .executableTarget(
            name: "hilo-bench-replay", dependencies: ["Assemble", "LinuxSys", "OTLP", "TraceContext", "Wire"],
            path: "Tests/Benchmarks/Replay", swiftSettings: settings),
        .target(name: "CProbe", path: "Tests/CProbe"),
        tests("LinuxSys", ["CProbe"]),
        tests("Wire", ["LinuxSys"]),
        tests("HelperKit", ["LinuxSys", "Wire"]),
        tests("Audit", ["LinuxSys", "Wire"]),
        tests(
            "Coordinate",
            [
                "Assemble", "BPFABI", "Discover", "Export", "OTLP", "Settings", "Supervise", "TraceContext", "Wire",
                .product(name: "Logging", package: "swift-log"),
            ]),
        tests("Supervise", ["LinuxSys", "Wire", .product(name: "Logging", package: "swift-log")]),
        .testTarget(
            name: "PrivilegeTests", dependencies: ["BPFABI", "CProbe", "HelperKit", "LinuxSys", "Wire"],
            path: "Tests/PrivilegeTests", swiftSettings: settings),
        tests("TraceContext"),
        tests("Dissect"),
        tests("ELF"),
        tests("Assemble", ["BPFABI", "Dissect", "TraceContext"]),
        tests("Settings", ["TraceContext"]),
        tests("Discover", ["Settings", "Wire"]),
        tests("OTLP", ["Assemble", "TraceContext", .product(name: "SwiftProtobuf", package: "swift-protobuf")]),
        tests(
            "Export",
            [
                "Assemble", "CZlib", "LinuxSys", "OTLP", "Settings", "TraceContext",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]),
    ]
)

// Tests/Fuzz: what strangers' bytes reach, under libFuzzer, and nothing that would make a build with sanitizers long.
if Context.environment["HILO_FUZZ"] == "1" {
    let driven = ["CLinux", "LinuxSys", "Wire", "ELF", "TraceContext", "Dissect", "Assemble", "OTLP", "Settings"]
    package.products = []
    package.targets.removeAll { !driven.contains($0.name) }
    package.targets += [
        // The part of it that needs neither the network nor a thread.
        .target(
            name: "Export", dependencies: ["Assemble", "OTLP", "TraceContext"], path: "Sources/Export",
            sources: [
                "OTLP/Verdict.swift", "OTLP/RetryAfter.swift", "OTLP/HTTPDate.swift", "OTLP/ForeignText.swift",
                "OTLP/DeliveryLimits.swift", "Console/TerminalText.swift", "Console/JSONPrinter.swift",
                "Console/JSONWriter.swift", "Console/TextPrinter.swift", "Console/SpanPrinter.swift",
                "Console/Span+Words.swift", "Console/DurationText.swift", "Console/UnixTime.swift",
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "hilo-fuzz",
            dependencies: ["Assemble", "Dissect", "ELF", "Export", "OTLP", "Settings", "TraceContext", "Wire"],
            path: "Tests/Fuzz/Swift", swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])]),
    ]
}

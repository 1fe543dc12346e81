/// What a span is about: the process, its service and its host, by OpenTelemetry's resource conventions.
///
/// Arguments of a command are never among the attributes: they hold secrets.
public struct Resource: Hashable, Sendable {
    public struct Entry: Hashable, Sendable {
        public let key: String
        public let value: AttributeValue

        public init(key: String, value: AttributeValue) {
            self.key = key
            self.value = value
        }
    }

    /// In order of setting; no key occurs twice.
    public private(set) var attributes: [Entry] = []

    public init() {}

    /// Of a key that occurs twice the last value stays.
    public init(_ attributes: [(String, AttributeValue)]) {
        for (key, value) in attributes { self[key] = value }
    }

    /// The value of a key; setting nil removes it.
    public subscript(_ key: String) -> AttributeValue? {
        get { attributes.first { $0.key == key }?.value }
        set {
            let index = attributes.firstIndex { $0.key == key }
            switch (index, newValue) {
            case (let index?, let value?): attributes[index] = Entry(key: key, value: value)
            case (let index?, nil): attributes.remove(at: index)
            case (nil, let value?): attributes.append(Entry(key: key, value: value))
            case (nil, nil): break
            }
        }
    }

    /// What is known of a process that nobody could describe in time.
    public static func undescribed(process tgid: UInt32) -> Resource {
        Resource([("service.name", "unknown_service"), ("process.pid", .int(Int64(tgid)))])
    }
}

/// A resource with a number, so that spans share it and are grouped by it without comparing attributes.
public struct ResourceRef: Hashable, Sendable {
    /// Unique within one ``Assembler``; never used again for another resource.
    public let id: Int
    public let resource: Resource

    public init(id: Int, resource: Resource) {
        self.id = id
        self.resource = resource
    }

    public static func == (a: ResourceRef, b: ResourceRef) -> Bool { a.id == b.id }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(id)
    }
}

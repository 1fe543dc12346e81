/// A piece of a configuration, with the place where it was written: what YAML and the environment have in common.
struct ConfigurationNode {
    var place: SettingsPlace
    var content: Content

    enum Content {
        /// Nothing was written behind the key: as if the key were not there.
        case null
        case text(Text)
        case list([ConfigurationNode])
        case map([Entry])
    }

    struct Text {
        var value: String
        /// Some of it came out of the environment through `${NAME}`, and must not be repeated in a message.
        var isConfidential = false
    }

    struct Entry {
        var key: String
        /// Where the key was written.
        var place: SettingsPlace
        var value: ConfigurationNode
    }

    var isEmptyText: Bool {
        if case .text(let text) = content { text.value.isEmpty } else { false }
    }

    /// Nothing was written, or a text with nothing in it.
    var isUnset: Bool {
        if case .null = content { true } else { isEmptyText }
    }

    /// What this is, in a sentence about what it should have been.
    var kind: String {
        switch content {
        case .null: "nothing"
        case .text: "one value"
        case .list: "a list"
        case .map: "a group of keys"
        }
    }
}

/// Which names hilo's attributes go by.
public enum SemanticConventions {
    /// The version of OpenTelemetry's semantic conventions that spans and resources follow. The HTTP attributes among
    /// them have been stable since 1.23.0.
    public static let version = "1.38.0"
    /// The identity of that version in `schema_url` fields.
    public static let schemaURL = "https://opentelemetry.io/schemas/\(version)"
}

/// This API as an OpenAPI 3.1 document. `openapi.json` is written by hand and compiled into the program; the tests compare
/// it with the routes and with their answers.
enum OpenAPIDocument {
    /// As served; JSON that ends with a line break.
    static var bytes: [UInt8] { PackageResources.openapi_json }
}

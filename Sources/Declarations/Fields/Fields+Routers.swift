/// What several routers share.
extension Fields {
    package func failAtName(_ name: String, _ text: String) { self[name]?.log.error(namePlace(name), text) }
}

extension Field {
    /// A cluster, a service, a backend.
    package func routerName() -> String? {
        guard let name = line(limit: 253) else { return nil }
        guard !name.contains(" ") else {
            fail("\(label) contains a blank; a name must not")
            return nil
        }
        return name
    }

    /// A file whose weights are changed in place.
    package func weightedFile(_ folder: ConfigurationFolder) -> String? {
        guard let path = line() else { return nil }
        guard !path.hasSuffix(".toml") else {
            fail("\(Quote.value(path)) is TOML; weights are changed in YAML or JSON files")
            return nil
        }
        return folder.path(path)
    }
}

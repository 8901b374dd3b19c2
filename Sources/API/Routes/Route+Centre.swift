import Model

extension Route {
    /// The emergency brake of this host: each is done when it is answered.
    static let centre: [Route] = [
        Route(.post, "/api/v1/centre/use", "Put an earlier state of the centre into force until it is unpinned") {
            endpoints, call in
            await endpoints.centre(call) { body throws(CommandBody.Invalid) in
                guard let state = body.optional("state") else {
                    throw CommandBody.Invalid(
                        description: "\"state\" is missing: the revision of a manifest, or the begin of a digest")
                }
                return .use(state: state, isForced: try Endpoints.isYes("force", body))
            }
        },
        Route(.post, "/api/v1/centre/unpin", "Follow the centre again after `use`") { endpoints, call in
            await endpoints.centre(call) { body throws(CommandBody.Invalid) in
                .unpin(isForced: try Endpoints.isYes("force", body))
            }
        },
        Route(.post, "/api/v1/centre/detach", "Do not read the centre; what is in force stays") { endpoints, call in
            await endpoints.centre(call) { _ throws(CommandBody.Invalid) in .detach }
        },
        Route(.post, "/api/v1/centre/attach", "Read the centre again after `detach`") { endpoints, call in
            await endpoints.centre(call) { _ throws(CommandBody.Invalid) in .attach }
        },
    ]
}

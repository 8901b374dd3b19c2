import Discovery
import Model
import Ports
import Testing

@testable import TargetSources

/// Answers of an API server, shortened from recordings of a kube-apiserver and from its documentation.
@Suite("The kubernetes source")
struct KubernetesSourceTests {
    private static func pod(_ name: String, ip: String, version: Int, phase: String = "Running", uid: String = "u")
        -> String
    {
        """
        {"metadata":{"name":"\(name)","namespace":"shop","uid":"\(uid)-\(name)","resourceVersion":"\(version)",\
        "labels":{"app":"checkout","app.kubernetes.io/version":"v1.5.0"},"annotations":{"note":"x"},\
        "ownerReferences":[{"kind":"ReplicaSet","name":"checkout-7f","controller":true}]},\
        "spec":{"nodeName":"node1","initContainers":[{"name":"setup","image":"busybox"}],\
        "containers":[{"name":"app","image":"checkout:1","ports":[{"name":"http","containerPort":8080,"protocol":"TCP"},\
        {"name":"metrics","containerPort":9090}]}]},\
        "status":{"phase":"\(phase)","podIP":"\(ip)","hostIP":"10.1.0.1","conditions":[{"type":"Ready","status":"True"}],\
        "containerStatuses":[{"name":"app","containerID":"containerd://abc"}]}}
        """
    }

    private static func list(_ pods: [String], version: Int, next: String = "") -> ScriptedTransport.Answer {
        .reply(
            "{\"metadata\":{\"resourceVersion\":\"\(version)\",\"continue\":\"\(next)\"},\"items\":[\(pods.joined(separator: ","))]}"
        )
    }

    private static func event(_ type: String, _ object: String) -> String {
        "{\"type\":\"\(type)\",\"object\":\(object)}\n"
    }

    private func source(
        _ transport: ScriptedTransport, _ role: KubernetesSourcePlan.Role = .pod
    ) -> KubernetesSource {
        var plan = KubernetesSourcePlan()
        (plan.address, plan.namespace, plan.selector, plan.role) = ("http://api", "shop", "app=checkout", role)
        return KubernetesSource(plan: plan, setup: Sources.setup(transport))
    }

    @Test func podsHaveTheLabelsOfPrometheus() async throws {
        let transport = ScriptedTransport { request, _ in
            request.url.contains("watch=1")
                ? .reply("") : Self.list([Self.pod("p1", ip: "10.0.0.1", version: 3)], version: 7)
        }
        let labels = try #require(await Sources.answers(source(transport), 1).first?.labels)
        #expect(labels.map { $0["__address__"] } == ["10.0.0.1:8080", "10.0.0.1:9090", "10.0.0.1"])
        let common: LabelSet = [
            "__meta_kubernetes_namespace": "shop", "__meta_kubernetes_pod_name": "p1",
            "__meta_kubernetes_pod_ip": "10.0.0.1",
            "__meta_kubernetes_pod_ready": "true", "__meta_kubernetes_pod_phase": "Running",
            "__meta_kubernetes_pod_uid": "u-p1", "__meta_kubernetes_pod_node_name": "node1",
            "__meta_kubernetes_pod_host_ip": "10.1.0.1", "__meta_kubernetes_pod_controller_kind": "ReplicaSet",
            "__meta_kubernetes_pod_controller_name": "checkout-7f", "__meta_kubernetes_pod_label_app": "checkout",
            "__meta_kubernetes_pod_labelpresent_app": "true",
            "__meta_kubernetes_pod_label_app_kubernetes_io_version": "v1.5.0",
            "__meta_kubernetes_pod_labelpresent_app_kubernetes_io_version": "true",
            "__meta_kubernetes_pod_annotation_note": "x", "__meta_kubernetes_pod_annotationpresent_note": "true",
        ]
        let first: LabelSet = [
            "__address__": "10.0.0.1:8080", "__meta_kubernetes_pod_container_name": "app",
            "__meta_kubernetes_pod_container_image": "checkout:1", "__meta_kubernetes_pod_container_init": "false",
            "__meta_kubernetes_pod_container_id": "containerd://abc",
            "__meta_kubernetes_pod_container_port_name": "http",
            "__meta_kubernetes_pod_container_port_number": "8080",
            "__meta_kubernetes_pod_container_port_protocol": "TCP",
        ]
        #expect(labels[0] == first.over(common))
        #expect(labels[2]["__meta_kubernetes_pod_container_init"] == "true")
        #expect(
            transport.requests[0].url.contains("/api/v1/namespaces/shop/pods?labelSelector=app%3Dcheckout&limit=500"))
    }

    @Test(arguments: ["Succeeded", "Failed"]) func aPodThatHasEndedIsLeftOut(_ phase: String) async {
        let transport = ScriptedTransport { request, _ in
            request.url.contains("watch=1")
                ? .reply("") : Self.list([Self.pod("p1", ip: "10.0.0.1", version: 3, phase: phase)], version: 7)
        }
        #expect(await Sources.answers(source(transport), 1).first?.addresses == [])
    }

    @Test func aListComesInPartsAndMayExpireInBetween() async {
        let transport = ScriptedTransport { request, count in
            if request.url.contains("watch=1") { return .reply("") }
            switch count {
            case 0: return Self.list([Self.pod("old", ip: "10.0.0.9", version: 1)], version: 5, next: "c1")
            case 1: return .reply("{\"code\":410}", status: 410)
            case 2: return Self.list([Self.pod("p1", ip: "10.0.0.1", version: 3)], version: 7, next: "c2")
            default: return Self.list([Self.pod("p2", ip: "10.0.0.2", version: 4)], version: 7)
            }
        }
        let addresses = await Sources.answers(source(transport), 1).first?.addresses ?? []
        #expect(
            Set(addresses).isSuperset(of: ["10.0.0.1:8080", "10.0.0.2:8080"]) && !addresses.contains("10.0.0.9:8080"))
        #expect(transport.requests[3].url.contains("continue=c2"))
        #expect(transport.requests[1].url.contains("continue=c1") && !transport.requests[2].url.contains("continue"))
    }

    /// Each event changes what the next answers list; the watch continues behind the last version that it saw.
    @Test func eventsChangeTheList() async {
        let events = [
            Self.event("ADDED", Self.pod("p2", ip: "10.0.0.2", version: 8)),
            Self.event("MODIFIED", Self.pod("p1", ip: "10.0.0.7", version: 9)),
            Self.event("DELETED", Self.pod("p2", ip: "10.0.0.2", version: 10)),
            Self.event("BOOKMARK", "{\"metadata\":{\"resourceVersion\":\"12\"}}"),
        ]
        let transport = ScriptedTransport { request, _ in
            guard request.url.contains("watch=1") else {
                return Self.list([Self.pod("p1", ip: "10.0.0.1", version: 3)], version: 7)
            }
            return .reply(request.url.contains("resourceVersion=7&") ? events.joined() : "")
        }
        let answers = await Sources.answers(source(transport), 2)
        #expect(answers.contains { $0.addresses == ["10.0.0.7:8080", "10.0.0.7:9090", "10.0.0.7"] }, "\(answers)")
        #expect(transport.requests.contains { $0.url.contains("watch=1") && $0.url.contains("resourceVersion=12&") })
    }

    /// As a status and as an event; both lead to a list without a version.
    @Test(arguments: [
        ScriptedTransport.Answer.reply("{\"kind\":\"Status\",\"code\":410}", status: 410),
        .reply("{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410,\"message\":\"too old\"}}\n"),
    ])
    func anExpiredVersionIsListedAgain(_ expired: ScriptedTransport.Answer) async {
        let transport = ScriptedTransport { request, count in
            if request.url.contains("watch=1") { return expired }
            return Self.list([Self.pod("p1", ip: "10.0.0.\(count)", version: 3)], version: 7)
        }
        let answers = await Sources.answers(source(transport), 3)
        #expect(answers.allSatisfy { $0.addresses?.isEmpty == false }, "\(answers)")
        #expect(Set(answers.compactMap { $0.addresses?.first }).count == 3)
        #expect(!transport.requests.contains { !$0.url.contains("watch=1") && $0.url.contains("resourceVersion") })
    }

    /// The file of the token is read for each request: the first one may have carried the old token.
    @Test func aRefusedTokenIsTriedOnceMore() async {
        let transport = ScriptedTransport { request, count in
            if request.url.contains("watch=1") { return .reply("") }
            return count == 0
                ? .reply("Unauthorized", status: 401)
                : Self.list([Self.pod("p1", ip: "10.0.0.1", version: 3)], version: 7)
        }
        #expect(await Sources.answers(source(transport), 1).first?.addresses?.first == "10.0.0.1:8080")
        let refused = ScriptedTransport { _, _ in .reply("Unauthorized", status: 401) }
        #expect(await Sources.answers(source(refused), 1).first?.reason?.contains("401") == true)
    }

    @Test(arguments: [
        "{\"type\":\"ERROR\",\"object\":{\"code\":500,\"message\":\"etcd is away\"}}\n", "{]\n",
        "{\"type\":\"NEW\",\"object\":{}}\n",
    ])
    func aWatchThatFailsIsAFailure(_ line: String) async {
        let transport = ScriptedTransport { request, _ in
            request.url.contains("watch=1")
                ? .reply(line) : Self.list([Self.pod("p1", ip: "10.0.0.1", version: 3)], version: 7)
        }
        #expect(await Sources.answers(source(transport), 4).contains { $0.reason != nil })
    }

    @Test func slicesHaveTheLabelsOfPrometheusWithThoseOfTheirPods() async throws {
        let slice = """
            {"metadata":{"name":"checkout-abc","namespace":"shop","labels":{"kubernetes.io/service-name":"checkout"}},\
            "addressType":"IPv4","ports":[{"name":"http","port":8080,"protocol":"TCP"}],\
            "endpoints":[{"addresses":["10.0.0.1"],"conditions":{"ready":true,"serving":true,"terminating":false},\
            "nodeName":"node1","zone":"z1","targetRef":{"kind":"Pod","name":"p1","namespace":"shop"}},\
            {"addresses":["10.0.0.5"],"conditions":{}},\
            {"addresses":["10.0.0.6"],"targetRef":{"kind":"Pod","name":"gone","namespace":"shop"}}]}
            """
        let pods = [
            Self.pod("p1", ip: "10.0.0.1", version: 3), Self.pod("gone", ip: "10.0.0.6", version: 3, phase: "Failed"),
        ]
        let transport = ScriptedTransport { request, _ in
            if request.url.contains("watch=1") { return .reply("") }
            return request.url.contains("/endpointslices")
                ? Self.list([slice], version: 7) : Self.list(pods, version: 8)
        }
        let labels = try #require(await Sources.answers(source(transport, .endpointslice), 1).first?.labels)
        // The container port that the slice does not name comes in addition.
        #expect(labels.map { $0["__address__"] } == ["10.0.0.1:8080", "10.0.0.5:8080", "10.0.0.1:9090"])
        let wanted = [
            "__meta_kubernetes_endpointslice_name": "checkout-abc",
            "__meta_kubernetes_endpointslice_address_type": "IPv4",
            "__meta_kubernetes_endpointslice_label_kubernetes_io_service_name": "checkout",
            "__meta_kubernetes_endpointslice_port": "8080", "__meta_kubernetes_endpointslice_port_name": "http",
            "__meta_kubernetes_endpointslice_port_protocol": "TCP",
            "__meta_kubernetes_endpointslice_endpoint_conditions_ready": "true",
            "__meta_kubernetes_endpointslice_endpoint_conditions_terminating": "false",
            "__meta_kubernetes_endpointslice_address_target_kind": "Pod",
            "__meta_kubernetes_endpointslice_address_target_name": "p1",
            "__meta_kubernetes_endpointslice_endpoint_node_name": "node1",
            "__meta_kubernetes_endpointslice_endpoint_zone": "z1", "__meta_kubernetes_pod_name": "p1",
            "__meta_kubernetes_pod_container_port_name": "http", "__meta_kubernetes_pod_uid": "u-p1",
        ]
        for (name, value) in wanted { #expect(labels[0][name] == value, "\(name)") }
        #expect(!labels[1].has("__meta_kubernetes_pod_name"))
        #expect(!transport.requests.contains { $0.url.contains("/pods") && $0.url.contains("labelSelector") })
    }
}

import Foundation
import HTTPClient
import Model
import Testing

@testable import FlagServing
@testable import PlanSteps

/// The clients that applications have are the judges.
@Suite("Flags that real clients take", .enabled(if: PythonClient.canRun))
struct FlagClientTests {
    /// Prints each value that the provider in the process has for the flag.
    private static let inProcess = """
        import sys, time
        from openfeature import api
        from openfeature.contrib.provider.flagd import FlagdProvider
        from openfeature.contrib.provider.flagd.config import ResolverType
        api.set_provider_and_wait(FlagdProvider(
            resolver_type=ResolverType.IN_PROCESS, host="127.0.0.1", port=int(sys.argv[1]), tls=False,
            deadline_ms=20000))
        client, last = api.get_client(), None
        while True:
            details = client.get_boolean_details("new-checkout", True)
            seen = f"{details.variant} {details.value}"
            if seen != last: print(seen)
            last = seen
            time.sleep(0.01)
        """

    /// Prints what one evaluation by OFREP gives.
    private static let remote = """
        import sys
        from openfeature import api
        from openfeature.contrib.provider.ofrep import OFREPProvider
        api.set_provider_and_wait(OFREPProvider(sys.argv[1]))
        details = api.get_client().get_boolean_details("new-checkout", True)
        print(f"{details.variant} {details.value} {details.error_code}")
        """

    @Test func aStepReachesTheProviderInTheProcess() async throws {
        let world = try await FlagWorld(FlagWorld.document("on", more: #","targeting":{"if":[true,"on","off"]}"#))
        let client = try PythonClient(Self.inProcess, ["\(world.number)"], folder: world.folder)
        #expect(await client.prints("on True"), "\(client.lines)")
        let work = FlagWork(flag: "new-checkout", variant: "off", file: world.path)
        let step = ProcedureStep(name: "flag", work: .flag(work))
        let call = StepCall(
            release: "checkout", incident: "checkout-1", number: 1, step: step, attempt: 1, baselineVersion: "v1",
            canaryVersion: "v2")
        let drivers = StepDrivers(
            StepSetup(
                transport: CurlTransport(userAgent: "test", secrets: SystemSecretStore()), directory: nil))
        let answer = await drivers.run(call)
        #expect(answer.text.contains("default variant off"), "\(answer)")
        #expect(await client.prints("off False"), "\(client.lines)")
        // An edit is taken as well: it is seen in the log, and by the proof.
        try world.write(FlagWorld.document("on"))
        #expect(await eventually { client.lines.last == "on True" }, "\(client.lines)")
        #expect(world.log.all.contains { $0.contains("new-checkout: off -> on); 1 stream get") }, "\(world.log.all)")
        await client.stop()
        #expect(await eventually { world.server.streamCount == 0 })
        await world.stop()
    }

    @Test func theProviderKeepsItsValuesWhileTheFileIsBroken() async throws {
        let world = try await FlagWorld(FlagWorld.document("off"))
        let client = try PythonClient(Self.inProcess, ["\(world.number)"], folder: world.folder)
        #expect(await client.prints("off False"), "\(client.lines)")
        try world.write("not JSON")
        #expect(await eventually { world.log.all.contains { $0.contains("is refused") } })
        try world.write(FlagWorld.document("on"))
        #expect(await client.prints("on True"), "\(client.lines)")
        #expect(client.lines == ["off False", "on True"], "\(client.lines)")
        await client.stop()
        await world.stop()
    }

    @Test(arguments: [("off", "", "off False None"), ("on", #","targeting":{"if":[true,"on"]}"#, "None True GENERAL")])
    func theClientOfOFREPTakesTheAnswer(_ variant: String, _ more: String, _ line: String) async throws {
        let world = try await FlagWorld(FlagWorld.document(variant, more: more))
        let client = try PythonClient(Self.remote, [world.address], folder: world.folder)
        #expect(await client.prints(line), "\(client.lines)")
        await client.stop()
        await world.stop()
    }
}

import Testing

@testable import SystemSupport

@Suite("Addresses of host names")
struct HostNamesTests {
    /// An instance with an address of each family is one instance.
    @Test(arguments: [
        (["10.0.0.1"], [], ["10.0.0.1"]), ([], ["fd00::1"], ["fd00::1"]), (["10.0.0.1"], ["fd00::1"], ["10.0.0.1"]),
        (["10.0.0.2", "10.0.0.1"], ["fd00::1", "fd00::2"], ["10.0.0.1", "10.0.0.2"]),
        (["10.0.0.1"], ["fd00::2", "fd00::1"], ["fd00::1", "fd00::2"]), ([], [], []),
    ])
    func areThoseOfOneFamily(version4: [String], version6: [String], chosen: [String]) {
        #expect(SystemHostNames.chosen(Set(version4), Set(version6)) == chosen)
    }

    @Test func thisMachineIsFound() async {
        let answer = await SystemHostNames().addresses(of: "localhost")
        #expect([.addresses(["127.0.0.1"]), .addresses(["::1"])].contains(answer), "\(answer)")
    }
}

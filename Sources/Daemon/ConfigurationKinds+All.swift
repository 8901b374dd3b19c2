import Centres
package import Declarations
import Notifications
import Routers
import TargetSources

extension ConfigurationKinds {
    /// What a configuration may have.
    package static var all: ConfigurationKinds {
        ConfigurationKinds(
            routers: RouterKinds.all, receivers: ReceiverKinds.all, sources: TargetSourceKinds.all,
            centres: CentreKinds.all)
    }
}

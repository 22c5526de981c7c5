//! The rows. To add a route: a variant, a row, an arm in `web::dispatch`, and the audience once more in `policy::tests`, so that a
//! slip in the row cannot hide. The compiler asks for each; `web::overload` says in which class it runs, the API's if nothing.

use super::{Audience, Row};
use http::Method;

/// Names the handler of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "each variant is explained by its row in the table below")]
pub enum RouteId {
    AssetDelete,
    AssetGet,
    AssetIndex,
    AssetMeta,
    AssetPut,
    BootLogList,
    BootLogMachine,
    BootIpxeEfi,
    BootIpxeChain,
    BootIpxeScript,
    BootKernel,
    BootInitrd,
    BootIgnition,
    CryptDelete,
    CryptGet,
    CryptPut,
    Cryptsetup,
    DhcpGet,
    DhcpPut,
    Graphql,
    Health,
    IgnitionDelete,
    IgnitionGet,
    IgnitionList,
    IgnitionPut,
    ImageDelete,
    ImageGet,
    ImageIndex,
    ImagePut,
    IpamGet,
    IpamPut,
    KernelParamsGet,
    KernelParamsPut,
    LabelDelete,
    LabelPut,
    Logs,
    MachineDelete,
    MachineList,
    MachineRegister,
    Metrics,
    Playground,
    RetireDatePut,
    StateGet,
    StatePut,
    Version,
}

/// Which of the two API ports a row is on.
#[derive(Clone, Copy)]
enum On {
    Http,
    Https,
    Both,
    Neither,
}

const fn row(id: RouteId, method: Method, pattern: &'static str, on: On, audience: Audience) -> Row {
    let http = matches!(on, On::Http | On::Both);
    let https = matches!(on, On::Https | On::Both);
    Row {
        id,
        method,
        pattern,
        http,
        https,
        audience,
    }
}

use Audience::{Anyone, AssetReaders, Operators, Owner, Readers};
use On::{Both, Http, Https, Neither};

/// Every route and method, with who may use it.
#[rustfmt::skip]
pub static ROUTES: [Row; 57] = [
    // Configuration
    row(RouteId::IpamGet,         Method::GET,    "/api/v1/config/ipam",                    Http, Readers),
    row(RouteId::IpamPut,         Method::PUT,    "/api/v1/config/ipam",                    Http, Operators),
    row(RouteId::DhcpGet,         Method::GET,    "/api/v1/config/dhcp",                    Http, Readers),
    row(RouteId::DhcpPut,         Method::PUT,    "/api/v1/config/dhcp",                    Http, Operators),
    row(RouteId::KernelParamsGet, Method::GET,    "/api/v1/kernel_params/{os}",             Http, Readers),
    row(RouteId::KernelParamsPut, Method::PUT,    "/api/v1/kernel_params/{os}",             Http, Operators),
    // Inventory
    row(RouteId::MachineList,     Method::GET,    "/api/v1/machines",                       Http, Readers),
    row(RouteId::MachineRegister, Method::POST,   "/api/v1/machines",                       Http, Operators),
    row(RouteId::MachineDelete,   Method::DELETE, "/api/v1/machines/{serial}",              Http, Operators),
    row(RouteId::StateGet,        Method::GET,    "/api/v1/state/{serial}",                 Http, Readers),
    row(RouteId::StatePut,        Method::PUT,    "/api/v1/state/{serial}",                 Http, Operators),
    row(RouteId::LabelPut,        Method::PUT,    "/api/v1/labels/{serial}/{label}",        Http, Operators),
    row(RouteId::LabelDelete,     Method::DELETE, "/api/v1/labels/{serial}/{label}",        Http, Operators),
    row(RouteId::RetireDatePut,   Method::PUT,    "/api/v1/retire-date/{serial}",           Http, Operators),
    // Images: peers pull them, so any host may
    row(RouteId::ImageIndex,      Method::GET,    "/api/v1/images/coreos",                  Http, Readers),
    row(RouteId::ImageGet,        Method::GET,    "/api/v1/images/coreos/{id}",             Http, Anyone),
    row(RouteId::ImagePut,        Method::PUT,    "/api/v1/images/coreos/{id}",             Http, Operators),
    row(RouteId::ImageDelete,     Method::DELETE, "/api/v1/images/coreos/{id}",             Http, Operators),
    // Assets
    row(RouteId::AssetIndex,      Method::GET,    "/api/v1/assets",                         Http, Readers),
    row(RouteId::AssetIndex,      Method::HEAD,   "/api/v1/assets",                         Http, Readers),
    row(RouteId::AssetGet,        Method::GET,    "/api/v1/assets/{name}",                  Http, AssetReaders),
    row(RouteId::AssetGet,        Method::HEAD,   "/api/v1/assets/{name}",                  Http, AssetReaders),
    row(RouteId::AssetMeta,       Method::GET,    "/api/v1/assets/{name}/meta",             Http, AssetReaders),
    row(RouteId::AssetMeta,       Method::HEAD,   "/api/v1/assets/{name}/meta",             Http, AssetReaders),
    row(RouteId::AssetPut,        Method::PUT,    "/api/v1/assets/{name}",                  Http, Operators),
    row(RouteId::AssetDelete,     Method::DELETE, "/api/v1/assets/{name}",                  Http, Operators),
    // Boot files, on HTTPS too for firmware that boots by HTTPS
    row(RouteId::BootIpxeEfi,     Method::GET,    "/api/v1/boot/ipxe.efi",                  Both, Anyone),
    row(RouteId::BootIpxeEfi,     Method::HEAD,   "/api/v1/boot/ipxe.efi",                  Both, Anyone),
    row(RouteId::BootIpxeChain,   Method::GET,    "/api/v1/boot/coreos/ipxe",               Both, Anyone),
    row(RouteId::BootIpxeChain,   Method::HEAD,   "/api/v1/boot/coreos/ipxe",               Both, Anyone),
    row(RouteId::BootIpxeScript,  Method::GET,    "/api/v1/boot/coreos/ipxe/{serial}",      Both, Anyone),
    row(RouteId::BootIpxeScript,  Method::HEAD,   "/api/v1/boot/coreos/ipxe/{serial}",      Both, Anyone),
    row(RouteId::BootKernel,      Method::GET,    "/api/v1/boot/coreos/kernel",             Both, Anyone),
    row(RouteId::BootKernel,      Method::HEAD,   "/api/v1/boot/coreos/kernel",             Both, Anyone),
    row(RouteId::BootInitrd,      Method::GET,    "/api/v1/boot/coreos/initrd.gz",          Both, Anyone),
    row(RouteId::BootInitrd,      Method::HEAD,   "/api/v1/boot/coreos/initrd.gz",          Both, Anyone),
    row(RouteId::BootIgnition,    Method::GET,    "/api/v1/boot/ignitions/{serial}/{id}",   Both, Owner),
    row(RouteId::Cryptsetup,      Method::GET,    "/api/v1/cryptsetup",                     Both, Anyone),
    row(RouteId::Cryptsetup,      Method::HEAD,   "/api/v1/cryptsetup",                     Both, Anyone),
    // Ignition templates: they hold password hashes and keys
    row(RouteId::IgnitionList,    Method::GET,    "/api/v1/ignitions/{role}",               Http, Operators),
    row(RouteId::IgnitionGet,     Method::GET,    "/api/v1/ignitions/{role}/{id}",          Http, Operators),
    row(RouteId::IgnitionPut,     Method::PUT,    "/api/v1/ignitions/{role}/{id}",          Http, Operators),
    row(RouteId::IgnitionDelete,  Method::DELETE, "/api/v1/ignitions/{role}/{id}",          Http, Operators),
    // Disk keys: never on the plain port
    row(RouteId::CryptGet,        Method::GET,    "/api/v1/crypts/{serial}/{path}",         Https, Owner),
    row(RouteId::CryptPut,        Method::PUT,    "/api/v1/crypts/{serial}/{path}",         Https, Owner),
    row(RouteId::CryptDelete,     Method::DELETE, "/api/v1/crypts/{serial}",                Https, Operators),
    // What happened
    row(RouteId::Logs,            Method::GET,    "/api/v1/logs",                           Http, Operators),
    row(RouteId::BootLogList,     Method::GET,    "/api/v1/boot-log",                       Http, Readers),
    row(RouteId::BootLogMachine,  Method::GET,    "/api/v1/boot-log/{serial}",              Http, Readers),
    // GraphQL: each field has an audience of its own below
    row(RouteId::Graphql,         Method::GET,    "/graphql",                               Http, Readers),
    row(RouteId::Graphql,         Method::POST,   "/graphql",                               Http, Readers),
    row(RouteId::Graphql,         Method::OPTIONS,"/graphql",                               Http, Readers),
    row(RouteId::Playground,      Method::GET,    "/playground",                            Http, Readers),
    // The server itself
    row(RouteId::Health,          Method::GET,    "/health",                                Both, Anyone),
    row(RouteId::Version,         Method::GET,    "/version",                               Both, Anyone),
    row(RouteId::Metrics,         Method::GET,    "/metrics",                               Neither, Anyone),
    row(RouteId::Metrics,         Method::HEAD,   "/metrics",                               Neither, Anyone),
];

/// A field at the root of the GraphQL schema. All come in by the route `/graphql`; who may use each stands here.
#[derive(Debug)]
pub struct GraphqlField {
    /// The operation type: `Query`, `Mutation` or `Subscription`.
    pub operation: &'static str,
    /// The field.
    pub name: &'static str,
    /// Who may use it.
    pub audience: Audience,
}

/// Every root field of the GraphQL schema.
pub static GRAPHQL_FIELDS: [GraphqlField; 4] = [
    GraphqlField {
        operation: "Query",
        name: "machine",
        audience: Readers,
    },
    GraphqlField {
        operation: "Query",
        name: "searchMachines",
        audience: Readers,
    },
    GraphqlField {
        operation: "Mutation",
        name: "setMachineState",
        audience: Operators,
    },
    GraphqlField {
        operation: "Subscription",
        name: "machineChanged",
        audience: Readers,
    },
];

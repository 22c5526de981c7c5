//! From a row of the table to its handler. The compiler sees to it that every row has one.

use super::app::App;
use super::call::Call;
use super::error::ApiError;
use super::{boot, boot_log, config, crypts, ignitions, images, info, logs, machines, sending};
use crate::graphql;
use crate::route::RouteId as R;
use axum::response::Response;
use std::sync::Arc;

pub(super) async fn dispatch(app: &Arc<App>, call: Call) -> Result<Response, ApiError> {
    app.boot.contact(app, &call);
    match call.matched.row.id {
        R::IpamGet => config::get_ipam(app),
        R::IpamPut => config::put_ipam(app, call).await,
        R::DhcpGet => config::get_dhcp(app),
        R::DhcpPut => config::put_dhcp(app, call).await,
        R::KernelParamsGet => config::get_kernel_params(app, &call),
        R::KernelParamsPut => config::put_kernel_params(app, call).await,
        R::MachineList => machines::list(app, &call),
        R::MachineRegister => machines::register(app, call).await,
        R::MachineDelete => machines::delete(app, call).await,
        R::StateGet => machines::get_state(app, &call),
        R::StatePut => machines::put_state(app, call).await,
        R::LabelPut => machines::put_label(app, call).await,
        R::LabelDelete => machines::delete_label(app, call).await,
        R::RetireDatePut => machines::put_retire_date(app, call).await,
        R::ImageIndex => images::index(app),
        R::ImagePut => images::put(app, call).await,
        R::ImageDelete => images::delete(app, call).await,
        R::AssetIndex => images::asset_index(app),
        R::AssetMeta => images::asset_meta(app, &call),
        R::AssetPut => images::put_asset(app, call).await,
        R::AssetDelete => images::delete_asset(app, call).await,
        R::BootIpxeChain => Ok(boot::chain(app)),
        R::BootIpxeScript => boot::script(app, &call),
        R::BootIgnition => boot::ignition(app, &call),
        R::BootKernel | R::BootInitrd | R::BootIpxeEfi | R::Cryptsetup | R::ImageGet | R::AssetGet => {
            sending::send(app, &call)
        }
        R::IgnitionList => ignitions::list(app, &call),
        R::IgnitionGet => ignitions::get(app, &call),
        R::IgnitionPut => ignitions::put(app, call).await,
        R::IgnitionDelete => ignitions::delete(app, call).await,
        R::CryptGet => crypts::get(app, call).await,
        R::CryptPut => crypts::put(app, call).await,
        R::CryptDelete => crypts::delete(app, call).await,
        R::Logs => logs::get(app, call).await,
        R::BootLogList => boot_log::list(app, call).await,
        R::BootLogMachine => boot_log::machine(app, call).await,
        R::Graphql => graphql::serve(app, call).await,
        R::Playground => info::playground(app),
        R::Health => info::health(app).await,
        R::Version => info::version(),
        R::Metrics => info::metrics(app),
    }
}

//! GraphQL over a websocket: subscriptions, and queries as well. The policy is asked about every operation anew, since one
//! socket may carry any.

use super::Schema;
use super::http::{MAX_REQUEST, permit};
use super::operation::{asked, parse};
use crate::policy::Caller;
use crate::web::{ApiError, App, Call};
use async_graphql::http::ALL_WEBSOCKET_PROTOCOLS;
use async_graphql::{Data, Executor, Request, Response as GraphqlResponse, ServerError};
use async_graphql_axum::{GraphQLProtocol, GraphQLWebSocket};
use axum::extract::{FromRequestParts as _, WebSocketUpgrade};
use axum::response::Response;
use futures::stream::{self, BoxStream, StreamExt as _};
use sabakan_storage::Actor;
use std::net::IpAddr;
use std::sync::Arc;

/// Upgrades the connection and serves it until its end.
///
/// # Errors
/// 400 where the handshake is not one of GraphQL's.
pub(super) async fn serve(app: &Arc<App>, mut call: Call) -> Result<Response, ApiError> {
    let protocol = GraphQLProtocol::from_request_parts(&mut call.parts, &()).await;
    let protocol = protocol.map_err(|_missing| ApiError::bad_request("the websocket names no GraphQL protocol"))?;
    let upgrade = WebSocketUpgrade::from_request_parts(&mut call.parts, &()).await;
    let upgrade = upgrade.map_err(ApiError::bad_request)?;
    let guarded = Guarded {
        schema: app.graphql.clone(),
        app: Arc::clone(app),
        actor: call.actor(&app.hostname),
        ip: call.ip,
        caller: call.caller,
    };
    let upgrade = upgrade.max_message_size(MAX_REQUEST).protocols(ALL_WEBSOCKET_PROTOCOLS);
    Ok(upgrade.on_upgrade(move |socket| GraphQLWebSocket::new(socket, guarded, protocol).serve()))
}

/// The schema behind the policy.
#[derive(Clone)]
struct Guarded {
    schema: Schema,
    app: Arc<App>,
    actor: Actor,
    caller: Caller,
    ip: IpAddr,
}

impl Guarded {
    /// The request, ready to run, or the answer that refuses it.
    fn admit(&self, mut request: Request) -> Result<Request, Box<GraphqlResponse>> {
        let name = request.operation_name.clone();
        let document = parse(&request.query).map_err(refusal)?;
        if let Some(asked) = asked(&document, name.as_deref()) {
            let permitted = permit(&self.app, &self.caller, self.ip, &asked);
            permitted.map_err(|error| refusal(ServerError::new(error.message, None)))?;
        }
        request.set_parsed_query(document);
        Ok(request.data(self.actor.clone()))
    }
}

fn refusal(error: ServerError) -> Box<GraphqlResponse> {
    Box::new(GraphqlResponse::from_errors(vec![error]))
}

impl Executor for Guarded {
    async fn execute(&self, request: Request) -> GraphqlResponse {
        match self.admit(request) {
            Ok(request) => self.schema.execute(request).await,
            Err(refusal) => *refusal,
        }
    }

    fn execute_stream(&self, request: Request, session_data: Option<Arc<Data>>) -> BoxStream<'static, GraphqlResponse> {
        match self.admit(request) {
            Ok(request) => Executor::execute_stream(&self.schema, request, session_data),
            Err(refusal) => stream::iter([*refusal]).boxed(),
        }
    }
}

//! GraphQL: the original's schema to the letter, answered from the index; subscriptions are an addition.

mod fast;
mod http;
mod mutation;
mod nesting;
pub mod operation;
mod query;
mod socket;
mod subscription;
pub mod types;
mod variables;

use crate::web::App;
use std::sync::Weak;

pub use self::http::serve;

/// The schema with its resolvers.
pub type Schema = async_graphql::Schema<query::Query, mutation::Mutation, subscription::Subscription>;

/// Nesting that a document may have; introspection by usual tools needs 13.
const MAX_DEPTH: usize = 16;

/// Fields that a document may ask for; a document is not a way to ask for the same list a thousand times.
const MAX_COMPLEXITY: usize = 1000;

/// Makes the schema. Resolvers find the server's state by the weak reference, since the state holds the schema.
#[must_use]
pub fn schema(app: Weak<App>) -> Schema {
    async_graphql::Schema::build(query::Query, mutation::Mutation, subscription::Subscription)
        .data(app)
        .limit_depth(MAX_DEPTH)
        .limit_complexity(MAX_COMPLEXITY)
        .finish()
}

/// The server's state, from within a resolver.
fn app(ctx: &async_graphql::Context<'_>) -> async_graphql::Result<std::sync::Arc<App>> {
    let weak = ctx.data::<Weak<App>>()?;
    weak.upgrade().ok_or_else(|| "the server is stopping".into())
}

//! Admission as a layer of tower.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, header};
use tower::{Layer, Service};

use super::{Admission, Class, Permit, Refused};

type Classify = Arc<dyn Fn(&Request) -> Class + Send + Sync>;

/// Lets requests in by class. A place is held until the answer's body has gone out.
#[derive(Clone)]
pub struct AdmissionLayer {
    admission: Admission,
    classify: Classify,
}

impl AdmissionLayer {
    /// With a function that says which class a request is of.
    pub fn new(admission: Admission, classify: impl Fn(&Request) -> Class + Send + Sync + 'static) -> AdmissionLayer {
        AdmissionLayer {
            admission,
            classify: Arc::new(classify),
        }
    }
}

impl<S> Layer<S> for AdmissionLayer {
    type Service = Admitted<S>;

    fn layer(&self, inner: S) -> Admitted<S> {
        Admitted {
            layer: self.clone(),
            inner,
        }
    }
}

/// The service within.
#[derive(Clone)]
pub struct Admitted<S> {
    layer: AdmissionLayer,
    inner: S,
}

impl<S> Service<Request> for Admitted<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let class = (self.layer.classify)(&request);
        let admission = self.layer.admission.clone();
        // The one that was polled ready goes on; its clone takes its place.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        Box::pin(async move {
            match admission.enter(class).await {
                Ok(permit) => {
                    let response = inner.call(request).await?;
                    Ok(response.map(|body| Body::new(Held { body, _permit: permit })))
                }
                Err(refused) => Ok(refusal(refused)),
            }
        })
    }
}

/// 503 with Retry-After, in the original's shape of errors.
fn refusal(refused: Refused) -> Response {
    let body = serde_json::json!({ "error": refused.to_string(), "status": 503 });
    let mut response = (StatusCode::SERVICE_UNAVAILABLE, axum::Json(body)).into_response();
    let seconds = refused.retry_after.as_secs().max(1);
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// A body that holds its place.
struct Held {
    body: Body,
    _permit: Permit,
}

impl http_body::Body for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

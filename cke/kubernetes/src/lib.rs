//! Sees and changes Kubernetes through its API.

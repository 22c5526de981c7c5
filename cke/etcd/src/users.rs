//! Users and roles. A user's name is the common name of its certificate; passwords are random and known to nobody.

use etcd_client::{Client, Permission};

use crate::{ClusterEtcd, Error};

const ROOT: &str = "root";
const API_SERVER: &str = "kube-apiserver";
/// Where Kubernetes keeps everything.
const KUBERNETES_PREFIX: &str = "/registry/";
/// Names that no application may have.
const RESERVED: [&str; 3] = ["", ROOT, "backup"];

impl ClusterEtcd {
    /// The users `root` and `kube-apiserver`, their rights, and authentication on. What is there already stays.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::is_unavailable`].
    pub async fn set_up_auth(&self) -> Result<(), Error> {
        self.ensure_user(ROOT).await?;
        self.grant_role(ROOT, ROOT).await?;
        self.ensure_user(API_SERVER).await?;
        self.ensure_access(API_SERVER, KUBERNETES_PREFIX).await?;
        // Only root may compact, and etcd's own compaction is off.
        self.grant_role(API_SERVER, ROOT).await?;
        let enable = |client: Client| async move { client.auth_client().auth_enable().await };
        self.ask("enable authentication", enable).await.map(|_| ())
    }

    /// Adds a user of an application, who may read and write what begins with `prefix`. One that an earlier try left without
    /// its rights is completed.
    ///
    /// # Errors
    /// [`Error::BadUser`], [`Error::BadPrefix`], [`Error::UserExists`], [`Error::Refused`], [`Error::is_unavailable`].
    pub async fn add_user(&self, name: &str, prefix: &str) -> Result<(), Error> {
        if RESERVED.contains(&name) {
            return Err(Error::BadUser(name.to_owned()));
        }
        if prefix.is_empty() {
            return Err(Error::BadPrefix(prefix.to_owned()));
        }
        if !self.ensure_user(name).await? && !self.roles_of(name).await?.is_empty() {
            return Err(Error::UserExists(name.to_owned()));
        }
        self.ensure_access(name, prefix).await
    }

    /// The roles of a user.
    ///
    /// # Errors
    /// [`Error::Refused`] where there is no such user, [`Error::is_unavailable`].
    pub async fn roles_of(&self, name: &str) -> Result<Vec<String>, Error> {
        let get = |client: Client| async move { client.auth_client().user_get(name).await };
        let answer = self.ask("read a user", get).await?;
        Ok(answer.roles().to_vec())
    }

    /// A role of the user's own with rights on the prefix.
    async fn ensure_access(&self, name: &str, prefix: &str) -> Result<(), Error> {
        self.ensure_role(name).await?;
        let permit = |client: Client| {
            let permission = Permission::read_write(prefix).with_prefix();
            async move { client.auth_client().role_grant_permission(name, permission).await }
        };
        self.ask("grant a permission", permit).await?;
        self.grant_role(name, name).await
    }

    /// Whether the user is new.
    async fn ensure_user(&self, name: &str) -> Result<bool, Error> {
        let password = hex::encode(rand::random::<[u8; 32]>());
        let add = |client: Client| {
            let password = password.clone();
            async move { client.auth_client().user_add(name, password, None).await }
        };
        is_new(self.ask("add a user", add).await.map(|_| ()))
    }

    async fn ensure_role(&self, name: &str) -> Result<bool, Error> {
        let add = |client: Client| async move { client.auth_client().role_add(name).await };
        is_new(self.ask("add a role", add).await.map(|_| ()))
    }

    /// Granting twice is the same as once.
    async fn grant_role(&self, user: &str, role: &str) -> Result<(), Error> {
        let grant = |client: Client| async move { client.auth_client().user_grant_role(user, role).await };
        self.ask("grant a role", grant).await.map(|_| ())
    }
}

/// `etcdserver: user name already exists`, `role name already exists`.
fn is_new(added: Result<(), Error>) -> Result<bool, Error> {
    match added {
        Ok(()) => Ok(true),
        Err(error) if error.refusal().is_some_and(|text| text.contains("already exists")) => Ok(false),
        Err(error) => Err(error),
    }
}

//! The part of specification 3.4 that sabakan's templates can fill.
//!
//! Source: <https://coreos.github.io/ignition/configuration-v3_4/>.

use crate::schema::Kind::{Bool, Int, List, Object as Obj, Str};
use crate::schema::Shown::{Always, Filled, Present};
use crate::schema::{Field, Kind, Object, Shown, Text};

const fn field(name: &'static str, kind: Kind, shown: Shown) -> Field {
    Field {
        name,
        kind,
        shown,
        text: Text::Plain,
    }
}

const fn object(fields: &'static [Field]) -> Object {
    Object { fields, named_by: None }
}

static VERIFICATION: Object = object(&[field("hash", Str, Present)]);
/// What `config` and certificate authorities point at.
pub(super) static REFERENCE: Object = object(&[
    field("source", Str, Filled),
    field("verification", Obj(&VERIFICATION), Always),
]);
/// `ignition.config`
pub(super) static REFERENCES: Object = object(&[
    field("merge", List(&Obj(&REFERENCE)), Filled),
    field("replace", Obj(&REFERENCE), Present),
]);
static TIMEOUTS: Object = object(&[
    field("httpResponseHeaders", Int, Present),
    field("httpTotal", Int, Present),
]);
static TLS: Object = object(&[field("certificateAuthorities", List(&Obj(&REFERENCE)), Filled)]);
static SECURITY: Object = object(&[field("tls", Obj(&TLS), Always)]);
/// `ignition`
pub(super) static IGNITION: Object = object(&[
    field("config", Obj(&REFERENCES), Always),
    field("security", Obj(&SECURITY), Always),
    field("timeouts", Obj(&TIMEOUTS), Always),
    field("version", Str, Filled),
]);

/// `passwd.groups[]`
pub(super) static GROUP: Object = object(&[
    field("gid", Int, Present),
    field("name", Str, Always),
    field("passwordHash", Str, Filled),
    field("system", Bool, Filled),
]);
/// `passwd.users[]`
pub(super) static USER: Object = object(&[
    field("gecos", Str, Filled),
    field("groups", List(&Str), Filled),
    field("homeDir", Str, Filled),
    field("name", Str, Always),
    field("noCreateHome", Bool, Filled),
    field("noLogInit", Bool, Filled),
    field("noUserGroup", Bool, Filled),
    field("passwordHash", Str, Present),
    field("primaryGroup", Str, Filled),
    field("sshAuthorizedKeys", List(&Str), Filled),
    field("shell", Str, Filled),
    field("system", Bool, Filled),
    field("uid", Int, Present),
]);
/// `passwd`
pub(super) static PASSWD: Object = object(&[
    field("groups", List(&Obj(&GROUP)), Filled),
    field("users", List(&Obj(&USER)), Filled),
]);

static ID: Object = object(&[field("id", Int, Present), field("name", Str, Filled)]);
/// `storage.files[].contents`
pub(super) static CONTENTS: Object = object(&[
    field("compression", Str, Filled),
    field("source", Str, Filled),
    field("verification", Obj(&VERIFICATION), Always),
]);
/// `storage.files[]`
pub(super) static FILE: Object = object(&[
    field("group", Obj(&ID), Present),
    field("overwrite", Bool, Present),
    field("path", Str, Always),
    field("user", Obj(&ID), Present),
    field("append", List(&Obj(&CONTENTS)), Filled),
    field("contents", Obj(&CONTENTS), Always),
    field("mode", Int, Present),
]);
/// `storage.directories[]`
pub(super) static DIRECTORY: Object = object(&[
    field("group", Obj(&ID), Present),
    field("overwrite", Bool, Present),
    field("path", Str, Always),
    field("user", Obj(&ID), Present),
    field("mode", Int, Present),
]);
/// `storage.links[]`
pub(super) static LINK: Object = object(&[
    field("group", Obj(&ID), Present),
    field("overwrite", Bool, Present),
    field("path", Str, Always),
    field("user", Obj(&ID), Present),
    field("hard", Bool, Filled),
    field("target", Str, Always),
]);
/// `storage`
pub(super) static STORAGE: Object = object(&[
    field("directories", List(&Obj(&DIRECTORY)), Filled),
    field("files", List(&Obj(&FILE)), Filled),
    field("links", List(&Obj(&LINK)), Filled),
]);

static DROPIN: Object = object(&[field("contents", Str, Filled), field("name", Str, Always)]);
/// `systemd.units[]`
pub(super) static UNIT: Object = object(&[
    field("contents", Str, Filled),
    field("dropins", List(&Obj(&DROPIN)), Filled),
    field("enabled", Bool, Present),
    field("mask", Bool, Filled),
    field("name", Str, Always),
]);
/// `systemd`
pub(super) static SYSTEMD: Object = object(&[field("units", List(&Obj(&UNIT)), Filled)]);

/// The document.
pub(super) static CONFIG: Object = object(&[
    field("ignition", Obj(&IGNITION), Always),
    field("passwd", Obj(&PASSWD), Always),
    field("storage", Obj(&STORAGE), Always),
    field("systemd", Obj(&SYSTEMD), Always),
]);

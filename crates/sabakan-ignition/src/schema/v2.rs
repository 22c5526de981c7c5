//! The tables themselves. A name that ends in `_2` or `_3` belongs to one version only.

use super::Kind::{Bool, Int, List, Object as Obj, Str};
use super::Shown::{Always, Filled, Present};
use super::Text::{Plain, Source, Template};
use super::{Field, Kind, Object, Shown, Text};

const fn field(name: &'static str, kind: Kind, shown: Shown) -> Field {
    Field {
        name,
        kind,
        shown,
        text: Plain,
    }
}

const fn text(name: &'static str, shown: Shown, text: Text) -> Field {
    Field {
        name,
        kind: Str,
        shown,
        text,
    }
}

const fn object(fields: &'static [Field]) -> Object {
    Object { fields, named_by: None }
}

const fn named(fields: &'static [Field], by: &'static str) -> Object {
    Object {
        fields,
        named_by: Some(by),
    }
}

/// Strings that are templates, as a list.
const fn texts(name: &'static str) -> Field {
    Field {
        name,
        kind: List(&Str),
        shown: Filled,
        text: Template,
    }
}

const fn strings(name: &'static str) -> Field {
    field(name, List(&Str), Filled)
}

static VERIFICATION: Object = object(&[field("hash", Str, Present)]);
static CHECKED: Object = object(&[text("hash", Present, Template)]);
static TIMEOUTS: Object = object(&[
    field("httpResponseHeaders", Int, Present),
    field("httpTotal", Int, Present),
]);
static ID: Object = object(&[field("id", Int, Present), field("name", Str, Filled)]);
static CREATE: Object = object(&[field("force", Bool, Filled), strings("options")]);

static USER_CREATE: Object = object(&[
    field("gecos", Str, Filled),
    strings("groups"),
    field("homeDir", Str, Filled),
    field("noCreateHome", Bool, Filled),
    field("noLogInit", Bool, Filled),
    field("noUserGroup", Bool, Filled),
    field("primaryGroup", Str, Filled),
    field("shell", Str, Filled),
    field("system", Bool, Filled),
    field("uid", Int, Present),
]);

static CONTENTS: Object = object(&[
    field("compression", Str, Filled),
    text("source", Filled, Source),
    field("verification", Obj(&CHECKED), Always),
]);

static PARTITION_2: Object = object(&[
    field("guid", Str, Filled),
    field("label", Str, Filled),
    field("number", Int, Filled),
    field("size", Int, Filled),
    field("start", Int, Filled),
    field("typeGuid", Str, Filled),
]);
static PARTITION_3: Object = object(&[
    field("guid", Str, Filled),
    field("label", Str, Present),
    field("number", Int, Filled),
    field("shouldExist", Bool, Present),
    field("size", Int, Present),
    field("sizeMiB", Int, Present),
    field("start", Int, Present),
    field("startMiB", Int, Present),
    field("typeGuid", Str, Filled),
    field("wipePartitionEntry", Bool, Filled),
]);

static REFERENCE_2: Object = object(&[
    field("source", Str, Filled),
    field("verification", Obj(&VERIFICATION), Always),
]);
static IGNITION_CONFIG_2: Object = object(&[
    field("append", List(&Obj(&REFERENCE_2)), Filled),
    field("replace", Obj(&REFERENCE_2), Present),
]);
static TLS_2: Object = object(&[field("certificateAuthorities", List(&Obj(&REFERENCE_2)), Filled)]);
static SECURITY_2: Object = object(&[field("tls", Obj(&TLS_2), Always)]);
static IGNITION_2: Object = object(&[
    field("config", Obj(&IGNITION_CONFIG_2), Always),
    field("security", Obj(&SECURITY_2), Always),
    field("timeouts", Obj(&TIMEOUTS), Always),
    field("version", Str, Filled),
]);

static NETWORKD_DROPIN_2: Object = object(&[field("contents", Str, Filled), field("name", Str, Filled)]);
static NETWORKD_UNIT_2: Object = named(
    &[
        text("contents", Filled, Template),
        field("dropins", List(&Obj(&NETWORKD_DROPIN_2)), Filled),
        field("name", Str, Filled),
    ],
    "name",
);
static NETWORKD_2: Object = object(&[field("units", List(&Obj(&NETWORKD_UNIT_2)), Filled)]);

static GROUP_2: Object = object(&[
    field("gid", Int, Present),
    text("name", Filled, Template),
    text("passwordHash", Filled, Template),
    field("system", Bool, Filled),
]);
static USER_2: Object = object(&[
    field("create", Obj(&USER_CREATE), Present),
    text("gecos", Filled, Template),
    texts("groups"),
    text("homeDir", Filled, Template),
    text("name", Filled, Template),
    field("noCreateHome", Bool, Filled),
    field("noLogInit", Bool, Filled),
    field("noUserGroup", Bool, Filled),
    text("passwordHash", Present, Template),
    text("primaryGroup", Filled, Template),
    texts("sshAuthorizedKeys"),
    text("shell", Filled, Template),
    field("system", Bool, Filled),
    field("uid", Int, Present),
]);
static PASSWD_2: Object = object(&[
    field("groups", List(&Obj(&GROUP_2)), Filled),
    field("users", List(&Obj(&USER_2)), Filled),
]);

static DIRECTORY_2: Object = object(&[
    field("filesystem", Str, Filled),
    field("group", Obj(&ID), Present),
    field("overwrite", Bool, Present),
    field("path", Str, Filled),
    field("user", Obj(&ID), Present),
    field("mode", Int, Present),
]);
static FILE_2: Object = named(
    &[
        field("filesystem", Str, Filled),
        field("group", Obj(&ID), Present),
        field("overwrite", Bool, Present),
        field("path", Str, Filled),
        field("user", Obj(&ID), Present),
        field("append", Bool, Filled),
        field("contents", Obj(&CONTENTS), Always),
        field("mode", Int, Present),
    ],
    "path",
);
static LINK_2: Object = object(&[
    field("filesystem", Str, Filled),
    field("group", Obj(&ID), Present),
    field("overwrite", Bool, Present),
    field("path", Str, Filled),
    field("user", Obj(&ID), Present),
    field("hard", Bool, Filled),
    field("target", Str, Filled),
]);
static DISK_2: Object = object(&[
    field("device", Str, Filled),
    field("partitions", List(&Obj(&PARTITION_2)), Filled),
    field("wipeTable", Bool, Filled),
]);
static MOUNT_2: Object = object(&[
    field("create", Obj(&CREATE), Present),
    field("device", Str, Filled),
    field("format", Str, Filled),
    field("label", Str, Present),
    strings("options"),
    field("uuid", Str, Present),
    field("wipeFilesystem", Bool, Filled),
]);
static FILESYSTEM_2: Object = object(&[
    field("mount", Obj(&MOUNT_2), Present),
    field("name", Str, Filled),
    field("path", Str, Present),
]);
static RAID_2: Object = object(&[
    field("devices", List(&Str), Filled),
    field("level", Str, Filled),
    field("name", Str, Filled),
    strings("options"),
    field("spares", Int, Filled),
]);
static STORAGE_2: Object = object(&[
    field("directories", List(&Obj(&DIRECTORY_2)), Filled),
    field("disks", List(&Obj(&DISK_2)), Filled),
    field("files", List(&Obj(&FILE_2)), Filled),
    field("filesystems", List(&Obj(&FILESYSTEM_2)), Filled),
    field("links", List(&Obj(&LINK_2)), Filled),
    field("raid", List(&Obj(&RAID_2)), Filled),
]);

static SYSTEMD_DROPIN_2: Object = object(&[field("contents", Str, Filled), field("name", Str, Filled)]);
static UNIT_2: Object = named(
    &[
        text("contents", Filled, Template),
        field("dropins", List(&Obj(&SYSTEMD_DROPIN_2)), Filled),
        field("enable", Bool, Filled),
        field("enabled", Bool, Present),
        field("mask", Bool, Filled),
        field("name", Str, Filled),
    ],
    "name",
);
static SYSTEMD_2: Object = object(&[field("units", List(&Obj(&UNIT_2)), Filled)]);

/// A document of version 2.2.
pub(crate) static CONFIG_2_2: Object = object(&[
    field("ignition", Obj(&IGNITION_2), Always),
    field("networkd", Obj(&NETWORKD_2), Always),
    field("passwd", Obj(&PASSWD_2), Always),
    field("storage", Obj(&STORAGE_2), Always),
    field("systemd", Obj(&SYSTEMD_2), Always),
]);

static REFERENCE_3: Object = object(&[
    field("source", Str, Always),
    field("verification", Obj(&VERIFICATION), Always),
]);
static IGNITION_CONFIG_3: Object = object(&[
    field("append", List(&Obj(&REFERENCE_3)), Filled),
    field("replace", Obj(&REFERENCE_3), Present),
]);
static TLS_3: Object = object(&[field("certificateAuthorities", List(&Obj(&REFERENCE_3)), Filled)]);
static SECURITY_3: Object = object(&[field("tls", Obj(&TLS_3), Always)]);
static IGNITION_3: Object = object(&[
    field("config", Obj(&IGNITION_CONFIG_3), Always),
    field("security", Obj(&SECURITY_3), Always),
    field("timeouts", Obj(&TIMEOUTS), Always),
    field("version", Str, Filled),
]);

static NETWORKD_DROPIN_3: Object = object(&[field("contents", Str, Filled), field("name", Str, Always)]);
static NETWORKD_UNIT_3: Object = named(
    &[
        text("contents", Filled, Template),
        field("dropins", List(&Obj(&NETWORKD_DROPIN_3)), Filled),
        field("name", Str, Always),
    ],
    "name",
);
static NETWORKD_3: Object = object(&[field("units", List(&Obj(&NETWORKD_UNIT_3)), Filled)]);

static GROUP_3: Object = object(&[
    field("gid", Int, Present),
    text("name", Always, Template),
    text("passwordHash", Filled, Template),
    field("system", Bool, Filled),
]);
static USER_3: Object = object(&[
    field("create", Obj(&USER_CREATE), Present),
    text("gecos", Filled, Template),
    texts("groups"),
    text("homeDir", Filled, Template),
    text("name", Always, Template),
    field("noCreateHome", Bool, Filled),
    field("noLogInit", Bool, Filled),
    field("noUserGroup", Bool, Filled),
    text("passwordHash", Present, Template),
    text("primaryGroup", Filled, Template),
    texts("sshAuthorizedKeys"),
    text("shell", Filled, Template),
    field("system", Bool, Filled),
    field("uid", Int, Present),
]);
static PASSWD_3: Object = object(&[
    field("groups", List(&Obj(&GROUP_3)), Filled),
    field("users", List(&Obj(&USER_3)), Filled),
]);

static DIRECTORY_3: Object = object(&[
    field("filesystem", Str, Always),
    field("group", Obj(&ID), Present),
    field("overwrite", Bool, Present),
    field("path", Str, Always),
    field("user", Obj(&ID), Present),
    field("mode", Int, Present),
]);
static FILE_3: Object = named(
    &[
        field("filesystem", Str, Always),
        field("group", Obj(&ID), Present),
        field("overwrite", Bool, Present),
        field("path", Str, Always),
        field("user", Obj(&ID), Present),
        field("append", Bool, Filled),
        field("contents", Obj(&CONTENTS), Always),
        field("mode", Int, Present),
    ],
    "path",
);
static LINK_3: Object = object(&[
    field("filesystem", Str, Always),
    field("group", Obj(&ID), Present),
    field("overwrite", Bool, Present),
    field("path", Str, Always),
    field("user", Obj(&ID), Present),
    field("hard", Bool, Filled),
    field("target", Str, Always),
]);
static DISK_3: Object = object(&[
    field("device", Str, Always),
    field("partitions", List(&Obj(&PARTITION_3)), Filled),
    field("wipeTable", Bool, Filled),
]);
static MOUNT_3: Object = object(&[
    field("create", Obj(&CREATE), Present),
    field("device", Str, Always),
    field("format", Str, Always),
    field("label", Str, Present),
    strings("options"),
    field("uuid", Str, Present),
    field("wipeFilesystem", Bool, Filled),
]);
static FILESYSTEM_3: Object = object(&[
    field("mount", Obj(&MOUNT_3), Present),
    field("name", Str, Filled),
    field("path", Str, Present),
]);
static RAID_3: Object = object(&[
    field("devices", List(&Str), Always),
    field("level", Str, Always),
    field("name", Str, Always),
    strings("options"),
    field("spares", Int, Filled),
]);
static STORAGE_3: Object = object(&[
    field("directories", List(&Obj(&DIRECTORY_3)), Filled),
    field("disks", List(&Obj(&DISK_3)), Filled),
    field("files", List(&Obj(&FILE_3)), Filled),
    field("filesystems", List(&Obj(&FILESYSTEM_3)), Filled),
    field("links", List(&Obj(&LINK_3)), Filled),
    field("raid", List(&Obj(&RAID_3)), Filled),
]);

static SYSTEMD_DROPIN_3: Object = object(&[field("contents", Str, Filled), field("name", Str, Always)]);
static UNIT_3: Object = named(
    &[
        text("contents", Filled, Template),
        field("dropins", List(&Obj(&SYSTEMD_DROPIN_3)), Filled),
        field("enable", Bool, Filled),
        field("enabled", Bool, Present),
        field("mask", Bool, Filled),
        field("name", Str, Always),
    ],
    "name",
);
static SYSTEMD_3: Object = object(&[field("units", List(&Obj(&UNIT_3)), Filled)]);

/// A document of version 2.3.
pub(crate) static CONFIG_2_3: Object = object(&[
    field("ignition", Obj(&IGNITION_3), Always),
    field("networkd", Obj(&NETWORKD_3), Always),
    field("passwd", Obj(&PASSWD_3), Always),
    field("storage", Obj(&STORAGE_3), Always),
    field("systemd", Obj(&SYSTEMD_3), Always),
]);

//! The parsed form of a template.

/// Where a node stands in the source: `pos` is what an error points at, `start..end` the text it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct At {
    pub(crate) pos: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// A sequence of nodes.
pub(crate) type Nodes = Vec<Node>;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) at: At,
    pub(crate) kind: NodeKind,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum NodeKind {
    /// The bytes `at.start..at.end` of the source.
    Text,
    Action(Pipe),
    If(Branch),
    With(Branch),
    Range(Branch),
    Template {
        name: String,
        pipe: Option<Pipe>,
    },
    Break,
    Continue,
}

/// What `if`, `with` and `range` have in common.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Branch {
    pub(crate) pipe: Pipe,
    pub(crate) body: Nodes,
    pub(crate) otherwise: Option<Nodes>,
}

/// `$a, $b := command | command`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pipe {
    pub(crate) at: At,
    pub(crate) variables: Vec<String>,
    pub(crate) assigns: bool,
    pub(crate) commands: Vec<Command>,
}

/// An operand and its arguments; `args[0]` is what is called.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Command {
    pub(crate) at: At,
    pub(crate) args: Vec<Expr>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expr {
    pub(crate) at: At,
    pub(crate) kind: ExprKind,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ExprKind {
    Dot,
    Nil,
    Bool(bool),
    Number(Number),
    Str(Vec<u8>),
    /// `.A.B`
    Field(Vec<String>),
    /// `$x.A.B`
    Variable(String, Vec<String>),
    /// `(pipe).A.B` and `function.A.B`
    Chain(Box<Expr>, Vec<String>),
    Function(String),
    Pipe(Box<Pipe>),
}

/// A constant can be several things at once; the place where it is used decides.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Number {
    pub(crate) int: Option<i64>,
    pub(crate) uint: Option<u64>,
    pub(crate) float: Option<f64>,
    pub(crate) complex: Option<(f64, f64)>,
    /// Written as a float (`1.0`, `1e3`): without a type to tell otherwise it is one.
    pub(crate) looks_float: bool,
}

/// One template of a set: the main one, or from `define` or `block`.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Tree {
    pub(crate) nodes: Nodes,
}

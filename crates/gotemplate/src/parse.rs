//! Tokens to trees: a recursive descent with one tree for each `define` and `block`.

mod number;
mod pipeline;
pub(crate) mod quoted;
mod tokens;

use std::collections::BTreeMap;

use crate::ast::{At, Branch, Node, NodeKind, Nodes, Pipe, Tree};
use crate::lex::{self, Keyword, Kind, Token, Tokens};

/// How deep blocks and parentheses may nest: the parser and the renderer recurse that deep.
const MAX_NESTING: usize = 100;

/// A problem and the byte where it is.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) pos: usize,
    pub(crate) message: String,
}

type Parse<T> = Result<T, Problem>;

/// All templates of a source by name; `name` is the main one.
pub(crate) fn parse(name: &str, source: &[u8], is_function: &dyn Fn(&str) -> bool) -> Parse<BTreeMap<String, Tree>> {
    let mut parser = Parser {
        source,
        tokens: lex::lex(source),
        at: 0,
        variables: root_variables(),
        ranges: 0,
        nesting: 0,
        is_function,
        trees: BTreeMap::new(),
    };
    let nodes = parser.top()?;
    parser.add_tree(name, nodes)?;
    Ok(parser.trees)
}

fn root_variables() -> Vec<String> {
    vec!["$".to_owned()]
}

/// What ended a list of nodes.
enum Ending {
    End,
    Else,
    /// `else if` and `else with`: the keyword is the next token.
    ElseChain(Keyword),
}

struct Parser<'a> {
    source: &'a [u8],
    tokens: Tokens,
    at: usize,
    variables: Vec<String>,
    ranges: usize,
    nesting: usize,
    is_function: &'a dyn Fn(&str) -> bool,
    trees: BTreeMap<String, Tree>,
}

impl Parser<'_> {
    fn top(&mut self) -> Parse<Nodes> {
        let mut nodes = Vec::new();
        loop {
            let token = self.next();
            match token.kind {
                Kind::Eof => return Ok(nodes),
                Kind::LeftDelim if self.peek_solid().kind == Kind::Keyword(Keyword::Define) => {
                    self.next_solid();
                    self.define()?;
                }
                _ => match self.text_or_action(token)? {
                    Ok(node) => nodes.push(node),
                    Err(Ending::End) => return self.fail(token, "unexpected {{end}}"),
                    Err(_) => return self.fail(token, "unexpected {{else}}"),
                },
            }
        }
    }

    /// A node, or what ends the list that it would be in.
    fn text_or_action(&mut self, token: Token) -> Parse<Result<Node, Ending>> {
        match token.kind {
            Kind::Text => {
                let at = At {
                    pos: token.start,
                    start: token.start,
                    end: token.end,
                };
                Ok(Ok(Node {
                    at,
                    kind: NodeKind::Text,
                }))
            }
            Kind::LeftDelim => self.action(token),
            _ => self.unexpected(token, "input"),
        }
    }

    fn action(&mut self, left: Token) -> Parse<Result<Node, Ending>> {
        let token = self.next_solid();
        let index = self.at - 1;
        let second = self.peek_solid().start;
        let kind = match token.kind {
            Kind::Keyword(Keyword::End) => {
                self.expect(Kind::RightDelim, "end")?;
                return Ok(Err(Ending::End));
            }
            Kind::Keyword(Keyword::Else) => return self.else_ending().map(Err),
            Kind::Keyword(Keyword::If) => NodeKind::If(self.branch("if")?),
            Kind::Keyword(Keyword::With) => NodeKind::With(self.branch("with")?),
            Kind::Keyword(Keyword::Range) => NodeKind::Range(self.branch("range")?),
            Kind::Keyword(Keyword::Template) => self.template()?,
            Kind::Keyword(Keyword::Block) => self.block()?,
            Kind::Keyword(word @ (Keyword::Break | Keyword::Continue)) => self.jump(token, word)?,
            _ => {
                self.at = index;
                NodeKind::Action(self.pipeline("command", Kind::RightDelim)?)
            }
        };
        let end = self.last_end();
        let pos = match &kind {
            NodeKind::If(branch) | NodeKind::With(branch) | NodeKind::Range(branch) => branch.pipe.at.pos,
            NodeKind::Template { .. } => second,
            _ => token.start,
        };
        Ok(Ok(Node {
            at: At {
                pos,
                start: left.start,
                end,
            },
            kind,
        }))
    }

    fn jump(&mut self, token: Token, word: Keyword) -> Parse<NodeKind> {
        let (kind, name) = match word {
            Keyword::Break => (NodeKind::Break, "{{break}}"),
            _ => (NodeKind::Continue, "{{continue}}"),
        };
        self.expect(Kind::RightDelim, name)?;
        if self.ranges == 0 {
            return self.fail(token, &format!("{name} outside {{{{range}}}}"));
        }
        Ok(kind)
    }

    fn else_ending(&mut self) -> Parse<Ending> {
        if let Kind::Keyword(word @ (Keyword::If | Keyword::With)) = self.peek_solid().kind {
            return Ok(Ending::ElseChain(word));
        }
        self.expect(Kind::RightDelim, "else")?;
        Ok(Ending::Else)
    }

    /// Nodes up to `end` or `else`.
    fn list(&mut self) -> Parse<(Nodes, Ending)> {
        self.enter()?;
        let mut nodes = Vec::new();
        loop {
            let token = self.next();
            if token.kind == Kind::Eof {
                return self.fail(token, "unexpected EOF: an {{end}} is missing");
            }
            match self.text_or_action(token)? {
                Ok(node) => nodes.push(node),
                Err(ending) => {
                    self.nesting -= 1;
                    return Ok((nodes, ending));
                }
            }
        }
    }

    /// `if`, `with` or `range`, from its pipeline to its `end`.
    fn branch(&mut self, context: &str) -> Parse<Branch> {
        let outer = self.variables.len();
        let pipe = self.pipeline(context, Kind::RightDelim)?;
        let looping = usize::from(context == "range");
        self.ranges += looping;
        let (body, ending) = self.list()?;
        self.ranges -= looping;
        let otherwise = match ending {
            Ending::End => None,
            Ending::Else => Some(self.last_list()?),
            Ending::ElseChain(word) => Some(vec![self.chained(context, word)?]),
        };
        self.variables.truncate(outer);
        Ok(Branch { pipe, body, otherwise })
    }

    fn last_list(&mut self) -> Parse<Nodes> {
        match self.list()? {
            (nodes, Ending::End) => Ok(nodes),
            _ => self.fail(self.last(), "expected end; found {{else}}"),
        }
    }

    /// The `if` of `else if`: a node of its own, closed by the same `end`.
    fn chained(&mut self, context: &str, word: Keyword) -> Parse<Node> {
        let token = self.next_solid();
        self.enter()?;
        let kind = match (context, word) {
            ("if", Keyword::If) => NodeKind::If(self.branch("if")?),
            ("with", Keyword::With) => NodeKind::With(self.branch("with")?),
            _ => return self.unexpected(token, &format!("else of {context}")),
        };
        self.nesting -= 1;
        let (NodeKind::If(Branch { pipe, .. }) | NodeKind::With(Branch { pipe, .. })) = &kind else {
            return self.unexpected(token, context);
        };
        let at = At {
            pos: pipe.at.pos,
            start: token.start,
            end: self.last_end(),
        };
        Ok(Node { at, kind })
    }

    fn define(&mut self) -> Parse<()> {
        let name = self.template_name("define clause")?;
        self.expect(Kind::RightDelim, "define clause")?;
        let nodes = self.own_tree("define clause")?;
        self.add_tree(&name, nodes)
    }

    fn block(&mut self) -> Parse<NodeKind> {
        let name = self.template_name("block clause")?;
        let pipe = self.pipeline("block clause", Kind::RightDelim)?;
        let nodes = self.own_tree("block clause")?;
        self.add_tree(&name, nodes)?;
        Ok(NodeKind::Template { name, pipe: Some(pipe) })
    }

    /// The body of a template of its own: it sees no variable and no range of the one around it.
    fn own_tree(&mut self, context: &str) -> Parse<Nodes> {
        let outer = (
            std::mem::replace(&mut self.variables, root_variables()),
            std::mem::take(&mut self.ranges),
        );
        let (nodes, ending) = self.list()?;
        (self.variables, self.ranges) = outer;
        match ending {
            Ending::End => Ok(nodes),
            _ => self.fail(self.last(), &format!("unexpected {{{{else}}}} in {context}")),
        }
    }

    fn template(&mut self) -> Parse<NodeKind> {
        let name = self.template_name("template clause")?;
        if self.peek_solid().kind == Kind::RightDelim {
            self.next_solid();
            return Ok(NodeKind::Template { name, pipe: None });
        }
        let pipe: Pipe = self.pipeline("template clause", Kind::RightDelim)?;
        Ok(NodeKind::Template { name, pipe: Some(pipe) })
    }

    fn template_name(&mut self, context: &str) -> Parse<String> {
        let token = self.next_solid();
        if !matches!(token.kind, Kind::Quoted | Kind::Raw) {
            return self.unexpected(token, context);
        }
        let name = quoted::unquote(self.bytes(token)).map_err(|message| Problem {
            pos: token.start,
            message,
        })?;
        Ok(String::from_utf8_lossy(&name).into_owned())
    }

    /// Keeps a tree. An empty one never replaces another, and two that are not empty are an error.
    fn add_tree(&mut self, name: &str, nodes: Nodes) -> Parse<()> {
        let free = self.trees.get(name).is_none_or(|tree| self.is_empty(&tree.nodes));
        if !free && !self.is_empty(&nodes) {
            return self.fail(self.last(), &format!("multiple definition of template {name:?}"));
        }
        if free {
            self.trees.insert(name.to_owned(), Tree { nodes });
        }
        Ok(())
    }

    fn is_empty(&self, nodes: &Nodes) -> bool {
        let blank = |at: &At| {
            self.source
                .get(at.start..at.end)
                .is_none_or(|text| text.trim_ascii().is_empty())
        };
        nodes.iter().all(|node| node.kind == NodeKind::Text && blank(&node.at))
    }

    fn enter(&mut self) -> Parse<()> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return self.fail(self.last(), &format!("nested deeper than {MAX_NESTING}"));
        }
        Ok(())
    }
}

//! What stands inside an action: pipelines, commands, operands.

use super::{Parse, Parser, Problem, number, quoted};
use crate::ast::{At, Command, Expr, ExprKind, Pipe};
use crate::lex::{Kind, Token};

impl Parser<'_> {
    /// `declarations? command ('|' command)*`, up to and with `end`.
    pub(super) fn pipeline(&mut self, context: &str, end: Kind) -> Parse<Pipe> {
        let first = self.peek_solid();
        let (variables, assigns) = self.declarations(context)?;
        let mut commands = Vec::new();
        loop {
            let token = self.peek_solid();
            if token.kind == end {
                break;
            }
            if !starts_operand(token.kind) {
                self.at += 1;
                return self.unexpected(token, context);
            }
            commands.push(self.command()?);
        }
        let at = At {
            pos: first.start,
            start: first.start,
            end: self.last_solid_end(),
        };
        self.next_solid();
        self.check(&commands, context)?;
        Ok(Pipe {
            at,
            variables,
            assigns,
            commands,
        })
    }

    /// `$x :=`, `$x =`, and for a range also `$i, $x :=`.
    fn declarations(&mut self, context: &str) -> Parse<(Vec<String>, bool)> {
        let mut variables = Vec::new();
        while self.peek_solid().kind == Kind::Variable {
            let start = self.at;
            let name = self.next();
            let sign = self.peek_solid();
            match sign.kind {
                Kind::Assign | Kind::Declare => {
                    self.next();
                    self.declare(&mut variables, name);
                    return Ok((variables, sign.kind == Kind::Assign));
                }
                Kind::Comma => {
                    self.next();
                    self.declare(&mut variables, name);
                    if context != "range" || variables.len() > 1 {
                        return self.fail(sign, &format!("too many declarations in {context}"));
                    }
                    if !matches!(
                        self.peek_solid().kind,
                        Kind::Variable | Kind::RightDelim | Kind::RightParen
                    ) {
                        return self.fail(sign, "range can only initialize variables");
                    }
                }
                _ => {
                    self.at = start;
                    break;
                }
            }
        }
        Ok((variables, false))
    }

    fn declare(&mut self, variables: &mut Vec<String>, name: Token) {
        let name = self.text(name);
        variables.push(name.clone());
        self.variables.push(name);
    }

    fn check(&self, commands: &[Command], context: &str) -> Parse<()> {
        if commands.is_empty() {
            return self.fail(self.last(), &format!("missing value for {context}"));
        }
        let constant = |command: &Command| {
            command.args.first().is_some_and(|arg| {
                use ExprKind::{Bool, Dot, Nil, Number, Str};
                matches!(arg.kind, Bool(_) | Dot | Nil | Number(_) | Str(_))
            })
        };
        match commands
            .iter()
            .enumerate()
            .skip(1)
            .find(|(_, command)| constant(command))
        {
            None => Ok(()),
            Some((i, command)) => Err(Problem {
                pos: command.at.pos,
                message: format!("non executable command in pipeline stage {}", i + 1),
            }),
        }
    }

    /// Operands up to a pipe sign, which is taken, or the end, which is left.
    fn command(&mut self) -> Parse<Command> {
        let start = self.peek_solid().start;
        let mut args = Vec::new();
        let mut end = start;
        loop {
            self.peek_solid();
            if let Some(operand) = self.operand()? {
                end = operand.at.end;
                args.push(operand);
            }
            let token = self.next();
            match token.kind {
                Kind::Space => {}
                Kind::RightDelim | Kind::RightParen => {
                    self.at -= 1;
                    break;
                }
                Kind::Pipe => break,
                _ => return self.unexpected(token, "operand"),
            }
        }
        if args.is_empty() {
            return self.fail(self.peek(), "empty command");
        }
        Ok(Command {
            at: At { pos: start, start, end },
            args,
        })
    }

    /// A term and the fields that follow it without a space.
    fn operand(&mut self) -> Parse<Option<Expr>> {
        let Some(mut term) = self.term()? else {
            return Ok(None);
        };
        let first = self.peek();
        if first.kind != Kind::Field {
            return Ok(Some(term));
        }
        let mut fields = Vec::new();
        while self.peek().kind == Kind::Field {
            let token = self.next();
            fields.push(self.field_name(token));
        }
        let at = At {
            pos: first.start,
            start: term.at.start,
            end: self.last_end(),
        };
        match &mut term.kind {
            ExprKind::Field(names) | ExprKind::Variable(_, names) => {
                names.append(&mut fields);
                term.at = at;
                Ok(Some(term))
            }
            ExprKind::Bool(_) | ExprKind::Str(_) | ExprKind::Number(_) | ExprKind::Nil | ExprKind::Dot => {
                self.fail(first, "unexpected . after a constant")
            }
            _ => Ok(Some(Expr {
                at,
                kind: ExprKind::Chain(Box::new(term), fields),
            })),
        }
    }

    fn field_name(&self, token: Token) -> String {
        self.text(token).trim_start_matches('.').to_owned()
    }

    fn term(&mut self) -> Parse<Option<Expr>> {
        let token = self.peek_solid();
        if !starts_operand(token.kind) {
            return Ok(None);
        }
        self.next();
        let kind = match token.kind {
            Kind::Identifier => self.function(token)?,
            Kind::Dot => ExprKind::Dot,
            Kind::Nil => ExprKind::Nil,
            Kind::Bool => ExprKind::Bool(self.bytes(token) == b"true"),
            Kind::Variable => self.variable(token)?,
            Kind::Field => ExprKind::Field(vec![self.field_name(token)]),
            Kind::LeftParen => self.parenthesis()?,
            Kind::Quoted | Kind::Raw => ExprKind::Str(self.read(token, quoted::unquote)?),
            _ => ExprKind::Number(self.read(token, |bytes| number::number(bytes, token.kind))?),
        };
        let end = self.last_end();
        Ok(Some(Expr {
            at: At {
                pos: token.start,
                start: token.start,
                end,
            },
            kind,
        }))
    }

    fn read<T>(&self, token: Token, read: impl Fn(&[u8]) -> Result<T, String>) -> Parse<T> {
        read(self.bytes(token)).map_err(|message| Problem {
            pos: token.start,
            message,
        })
    }

    fn function(&self, token: Token) -> Parse<ExprKind> {
        let name = self.text(token);
        if (self.is_function)(&name) {
            return Ok(ExprKind::Function(name));
        }
        self.fail(token, &format!("function {name:?} not defined"))
    }

    fn variable(&self, token: Token) -> Parse<ExprKind> {
        let name = self.text(token);
        if self.variables.contains(&name) {
            return Ok(ExprKind::Variable(name, Vec::new()));
        }
        self.fail(token, &format!("undefined variable {name:?}"))
    }

    fn parenthesis(&mut self) -> Parse<ExprKind> {
        self.enter()?;
        let pipe = self.pipeline("parenthesized pipeline", Kind::RightParen)?;
        self.nesting -= 1;
        Ok(ExprKind::Pipe(Box::new(pipe)))
    }

    fn last_solid_end(&self) -> usize {
        let before = self.tokens.list.get(..self.at).unwrap_or_default();
        before
            .iter()
            .rev()
            .find(|token| token.kind != Kind::Space)
            .map_or(0, |token| token.end)
    }
}

fn starts_operand(kind: Kind) -> bool {
    use Kind::{Bool, CharConstant, Complex, Dot, Field, Identifier, LeftParen, Nil, Number, Quoted, Raw, Variable};
    matches!(
        kind,
        Bool | CharConstant | Complex | Dot | Field | Identifier | LeftParen | Nil | Number | Quoted | Raw | Variable
    )
}

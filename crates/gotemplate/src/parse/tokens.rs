//! Walking over the tokens, and complaining about them.

use super::{Parse, Parser, Problem};
use crate::lex::{Kind, Token};

impl Parser<'_> {
    pub(super) fn token(&self, at: usize) -> Token {
        let end = Token {
            kind: Kind::Eof,
            start: self.source.len(),
            end: self.source.len(),
        };
        self.tokens
            .list
            .get(at)
            .or(self.tokens.list.last())
            .copied()
            .unwrap_or(end)
    }

    pub(super) fn peek(&self) -> Token {
        self.token(self.at)
    }

    pub(super) fn next(&mut self) -> Token {
        self.at += 1;
        self.token(self.at - 1)
    }

    /// The next token that is not white space.
    pub(super) fn peek_solid(&mut self) -> Token {
        if self.peek().kind == Kind::Space {
            self.at += 1;
        }
        self.peek()
    }

    pub(super) fn next_solid(&mut self) -> Token {
        self.peek_solid();
        self.next()
    }

    pub(super) fn last(&self) -> Token {
        self.token(self.at.saturating_sub(1))
    }

    pub(super) fn last_end(&self) -> usize {
        self.last().end
    }

    pub(super) fn expect(&mut self, kind: Kind, context: &str) -> Parse<Token> {
        let token = self.next_solid();
        if token.kind == kind {
            Ok(token)
        } else {
            self.unexpected(token, context)
        }
    }

    pub(super) fn bytes(&self, token: Token) -> &[u8] {
        self.source.get(token.start..token.end).unwrap_or_default()
    }

    pub(super) fn text(&self, token: Token) -> String {
        String::from_utf8_lossy(self.bytes(token)).into_owned()
    }

    pub(super) fn fail<T>(&self, token: Token, message: &str) -> Parse<T> {
        Err(Problem {
            pos: token.start,
            message: message.to_owned(),
        })
    }

    pub(super) fn unexpected<T>(&self, token: Token, context: &str) -> Parse<T> {
        match token.kind {
            Kind::Error => self.fail(token, &self.tokens.error),
            Kind::Eof => self.fail(token, &format!("unexpected EOF in {context}")),
            _ => self.fail(token, &format!("unexpected {:?} in {context}", self.text(token))),
        }
    }
}

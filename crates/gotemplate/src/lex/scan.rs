//! The tokens inside an action.

use super::{Keyword, Kind, Lexer, RIGHT, Scan, is_right_trim, is_space};
use crate::utf8;

impl Lexer<'_> {
    /// One token.
    pub(super) fn inside(&mut self) -> Scan {
        let Some(decoded) = utf8::first(self.rest()) else {
            return Err("unclosed action".into());
        };
        match decoded.char {
            ' ' | '\t' | '\r' | '\n' => self.space(),
            '"' => return self.quoted(b'"', Kind::Quoted, "quoted string"),
            '\'' => return self.quoted(b'\'', Kind::CharConstant, "character constant"),
            '`' => return self.raw(),
            '$' => return self.name(Kind::Variable),
            '.' if !self.rest().get(1).is_some_and(u8::is_ascii_digit) => return self.name(Kind::Field),
            '.' | '+' | '-' | '0'..='9' => return self.number(),
            c if is_word(c) => return self.word(),
            _ => return self.sign(decoded.char, decoded.len),
        }
        Ok(())
    }

    fn space(&mut self) {
        let len = self.rest().iter().take_while(|b| is_space(**b)).count();
        // The last space may belong to a closing delimiter that trims: ` -}}`.
        let last = self.rest().get(len - 1..).unwrap_or_default();
        let closes = is_right_trim(last) && last.get(2..).is_some_and(|rest| rest.starts_with(RIGHT));
        let len = if closes { len - 1 } else { len };
        self.pos += len;
        if len > 0 {
            self.emit(Kind::Space);
        }
    }

    fn sign(&mut self, c: char, len: usize) -> Scan {
        self.pos += len;
        let kind = match c {
            '=' => Kind::Assign,
            ':' if self.rest().first() == Some(&b'=') => {
                self.pos += 1;
                Kind::Declare
            }
            ':' => return Err("expected :=".into()),
            '|' => Kind::Pipe,
            ',' => Kind::Comma,
            '(' => {
                self.parens += 1;
                Kind::LeftParen
            }
            ')' => {
                self.parens = self.parens.checked_sub(1).ok_or("unexpected right paren")?;
                Kind::RightParen
            }
            c if c.is_ascii_graphic() => Kind::Other,
            c => return Err(format!("unrecognized character in action: {c:?}")),
        };
        self.emit(kind);
        Ok(())
    }

    /// A string or character constant; an escape is only skipped here, the parser reads it.
    fn quoted(&mut self, quote: u8, kind: Kind, what: &str) -> Scan {
        self.pos += 1;
        loop {
            let byte = self.rest().first().copied();
            self.pos += usize::from(byte.is_some());
            match byte {
                Some(b'\\') if !matches!(self.rest().first(), None | Some(b'\n')) => self.pos += 1,
                Some(b'\\' | b'\n') | None => return Err(format!("unterminated {what}")),
                Some(byte) if byte == quote => break,
                Some(_) => {}
            }
        }
        self.emit(kind);
        Ok(())
    }

    fn raw(&mut self) -> Scan {
        let body = self.rest().get(1..).unwrap_or_default();
        let len = body
            .iter()
            .position(|b| *b == b'`')
            .ok_or("unterminated raw quoted string")?;
        self.pos += len + 2;
        self.emit(Kind::Raw);
        Ok(())
    }

    /// `.name` or `$name`; alone they are the cursor and the root.
    fn name(&mut self, kind: Kind) -> Scan {
        self.pos += 1;
        if self.at_terminator() {
            self.emit(if kind == Kind::Field { Kind::Dot } else { kind });
            return Ok(());
        }
        self.skip_word();
        self.check_terminator()?;
        self.emit(kind);
        Ok(())
    }

    fn word(&mut self) -> Scan {
        self.skip_word();
        self.check_terminator()?;
        let kind = match self.source.get(self.start..self.pos).unwrap_or_default() {
            b"block" => Kind::Keyword(Keyword::Block),
            b"break" => Kind::Keyword(Keyword::Break),
            b"continue" => Kind::Keyword(Keyword::Continue),
            b"define" => Kind::Keyword(Keyword::Define),
            b"else" => Kind::Keyword(Keyword::Else),
            b"end" => Kind::Keyword(Keyword::End),
            b"if" => Kind::Keyword(Keyword::If),
            b"range" => Kind::Keyword(Keyword::Range),
            b"template" => Kind::Keyword(Keyword::Template),
            b"with" => Kind::Keyword(Keyword::With),
            b"nil" => Kind::Nil,
            b"true" | b"false" => Kind::Bool,
            _ => Kind::Identifier,
        };
        self.emit(kind);
        Ok(())
    }

    fn skip_word(&mut self) {
        while let Some(decoded) = utf8::first(self.rest()).filter(|d| is_word(d.char)) {
            self.pos += decoded.len;
        }
    }

    /// What may follow a name.
    fn at_terminator(&self) -> bool {
        let rest = self.rest();
        let ends = |byte: u8| is_space(byte) || matches!(byte, b'.' | b',' | b'|' | b':' | b')' | b'(');
        rest.first().is_none_or(|byte| ends(*byte)) || rest.starts_with(RIGHT)
    }

    fn check_terminator(&self) -> Scan {
        if self.at_terminator() {
            return Ok(());
        }
        let bad = utf8::first(self.rest()).map_or(char::REPLACEMENT_CHARACTER, |d| d.char);
        Err(format!("bad character {bad:?} after {:?}", self.shown()))
    }

    fn number(&mut self) -> Scan {
        self.one_number()?;
        if matches!(self.rest().first(), Some(b'+' | b'-')) {
            self.one_number()?;
            if !self.source.get(..self.pos).unwrap_or_default().ends_with(b"i") {
                return Err(format!("bad number syntax: {:?}", self.shown()));
            }
            self.emit(Kind::Complex);
        } else {
            self.emit(Kind::Number);
        }
        Ok(())
    }

    /// Takes what looks like a number; the parser finds out whether it is one.
    fn one_number(&mut self) -> Scan {
        self.accept(b"+-");
        let mut digits: &[u8] = b"0123456789_";
        if self.accept(b"0") {
            if self.accept(b"xX") {
                digits = b"0123456789abcdefABCDEF_";
            } else if self.accept(b"oO") {
                digits = b"01234567_";
            } else if self.accept(b"bB") {
                digits = b"01_";
            }
        }
        while self.accept(digits) {}
        if self.accept(b".") {
            while self.accept(digits) {}
        }
        let exponent: &[u8] = match digits.len() {
            11 => b"eE",
            23 => b"pP",
            _ => b"",
        };
        if self.accept(exponent) {
            self.accept(b"+-");
            while self.accept(b"0123456789_") {}
        }
        self.accept(b"i");
        match utf8::first(self.rest()).filter(|d| is_word(d.char)) {
            None => Ok(()),
            Some(decoded) => {
                self.pos += decoded.len;
                Err(format!("bad number syntax: {:?}", self.shown()))
            }
        }
    }

    fn accept(&mut self, valid: &[u8]) -> bool {
        let found = self.rest().first().is_some_and(|byte| valid.contains(byte));
        self.pos += usize::from(found);
        found
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(self.source.get(self.start..self.pos).unwrap_or_default()).into_owned()
    }
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphabetic() || c.is_ascii_digit() || (!c.is_ascii() && c.is_numeric())
}

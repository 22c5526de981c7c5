//! Templates that ask for too much, and input that is no template at all.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use gotemplate::{Error, Functions, Limits, Template, Value};
use proptest::prelude::*;

/// Renders on a thread with the stack that tokio gives its own.
fn render(source: &str) -> Result<Vec<u8>, Error> {
    let source = source.to_owned();
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(move || {
        let functions = support::functions();
        Template::parse("t", source.as_bytes(), &functions)?.render(&support::machine(), &functions, &Limits::default())
    });
    thread.unwrap().join().expect("no panic")
}

fn limit(source: &str) -> String {
    match render(source) {
        Err(Error::Limit { limit, .. }) => limit,
        other => panic!("not a limit: {other:?}"),
    }
}

#[test]
fn endless_recursion_ends() {
    let source = "{{ define \"A\" }}{{ if true }}{{ with 1 }}{{ template \"A\" (print (print .)) }}{{ end }}{{ end }}{{ end }}\
                  {{ template \"A\" . }}";
    assert_eq!(limit(source), "the allowed depth of nesting");
}

#[test]
fn endless_loops_end() {
    assert_eq!(
        limit("{{ range 9000000000000000000 }}{{ end }}"),
        "the allowed number of steps"
    );
    let nested = "{{ range 100000 }}".repeat(4) + &"{{ end }}".repeat(4);
    assert_eq!(limit(&nested), "the allowed number of steps");
}

#[test]
fn output_and_values_are_bounded() {
    assert_eq!(
        limit("{{ range 400000 }}0123456789abcdef0123456789abcdef0123456789abcdef{{ end }}"),
        "the allowed size of output"
    );
    assert_eq!(
        limit("{{ $x := \"abcdefgh\" }}{{ range 60 }}{{ $x = print $x $x }}{{ end }}"),
        "the allowed size of output"
    );
    assert_eq!(
        limit("{{ range 100 }}{{ printf \"%1000000d\" 1 }}{{ end }}"),
        "the allowed size of output"
    );
    assert_eq!(
        limit("{{ $x := printf \"%10000000s\" \"<\" }}{{ html $x $x $x }}"),
        "the allowed size of output"
    );
    let kept =
        "{{ $x := printf \"%8000000d\" 1 }}{{ range 1000 }}{{ $y := slice $x 1 }}{{ $x = printf \"%s \" $y }}{{ end }}";
    assert_eq!(limit(kept), "the allowed number of steps");
}

#[test]
fn deep_nesting_is_refused() {
    for (open, close) in [
        ("{{ if true }}", "{{ end }}"),
        ("{{ if 0 }}{{ else }}{{ with 1 }}", "{{ end }}{{ end }}"),
    ] {
        let error = render(&(open.repeat(5000) + &close.repeat(5000))).unwrap_err();
        assert!(error.to_string().contains("nested deeper than"), "{error}");
    }
    let parens = format!("{{{{ {}1{} }}}}", "(".repeat(5000), ")".repeat(5000));
    assert!(render(&parens).unwrap_err().to_string().contains("nested deeper than"));
    let chain = "{{ if 0 }}".to_owned() + &"{{ else if 0 }}".repeat(5000) + "{{ end }}";
    assert!(render(&chain).unwrap_err().to_string().contains("nested deeper than"));
    // What people write is far below.
    let fine = "{{ if true }}".repeat(90) + "x" + &"{{ end }}".repeat(90);
    assert_eq!(render(&fine).unwrap(), b"x");
}

#[test]
fn errors_name_template_line_column_and_function() {
    let functions = support::functions();
    let source = b"[Unit]\nDescription=x\nExec={{ div .Spec.Rack 0 }}\n";
    let template = Template::parse("/etc/unit", source, &functions).unwrap();
    let error = template
        .render(&support::machine(), &functions, &Limits::default())
        .unwrap_err();
    let text =
        "template: /etc/unit:3:8: executing \"/etc/unit\" at <div .Spec.Rack 0>: error calling div: zero division";
    assert_eq!(error.to_string(), text);
    assert!(matches!(&error, Error::Execute { function: Some(name), .. } if name == "div"));
    assert_eq!((error.place().line, error.place().column), (3, 8));

    let error = Template::parse("/etc/unit", b"a\nb {{ nope 1 }}", &functions).unwrap_err();
    assert_eq!(
        error.to_string(),
        "template: /etc/unit:2:5: function \"nope\" not defined"
    );
}

#[test]
fn a_function_given_as_a_value_is_called() {
    let mut entries = std::collections::BTreeMap::new();
    let join = gotemplate::Function::new(vec![gotemplate::Type::Str], |args| {
        Ok(Value::str(
            args.iter().map(Value::as_text).collect::<Vec<_>>().join("+"),
        ))
    });
    entries.insert("join".to_owned(), Value::Function(join.variadic(gotemplate::Type::Str)));
    let data = Value::map(gotemplate::Type::Any, entries);
    let call = |source: &str| {
        let template = Template::parse("t", source.as_bytes(), &Functions::new()).unwrap();
        template.render(&data, &Functions::new(), &Limits::default())
    };
    assert_eq!(call("{{ call .join \"a\" \"b\" \"c\" }}").unwrap(), b"a+b+c");
    assert!(
        call("{{ call .join 1 }}")
            .unwrap_err()
            .to_string()
            .contains("value has type int; should be string")
    );
    assert!(
        call("{{ call .join }}")
            .unwrap_err()
            .to_string()
            .contains("wrong number of args")
    );
    assert!(call("{{ .join }}").unwrap_err().to_string().contains("can't print"));
}

/// Bits that a template is made of, so that random sequences of them come close to real ones.
fn piece() -> impl Strategy<Value = String> {
    let known = [
        "{{",
        "}}",
        "{{-",
        "-}}",
        " ",
        "if",
        "else",
        "end",
        "range",
        "with",
        "define",
        "template",
        "block",
        "break",
        "continue",
        "nil",
        ".",
        ".Spec",
        ".Spec.IPv4",
        ".Spec.Labels",
        "$",
        "$x",
        ":=",
        "=",
        "|",
        "(",
        ")",
        ",",
        "\"a\"",
        "`b`",
        "'c'",
        "1",
        "-1",
        "0x1F",
        "1.5",
        "1e9",
        "2i",
        "true",
        "printf",
        "\"%5.2f %v %+q %[2]*d\"",
        "index",
        "slice",
        "eq",
        "json",
        "and",
        "\n",
        "text",
        "/* c */",
        "é",
        "\u{0}",
        "\\",
        ".Spec.RetireDate.Format",
        "html",
        "len",
        "not",
        "print",
    ];
    proptest::sample::select(known.to_vec()).prop_map(str::to_owned)
}

fn run_any(source: &[u8]) {
    let functions = support::functions();
    if let Ok(template) = Template::parse("t", source, &functions) {
        let limits = Limits {
            output: 1 << 16,
            steps: 10_000,
            depth: 50,
        };
        let _ = template.render(&support::machine(), &functions, &limits);
    }
}

proptest! {
    #[test]
    fn random_bytes_never_panic(source in proptest::collection::vec(any::<u8>(), 0..200)) {
        run_any(&source);
    }

    #[test]
    fn random_actions_never_panic(pieces in proptest::collection::vec(piece(), 0..40)) {
        run_any(pieces.join(" ").as_bytes());
        run_any(format!("{{{{ {} }}}}", pieces.join(" ")).as_bytes());
    }

    #[test]
    fn any_file_without_actions_passes_unchanged(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assume!(!bytes.windows(2).any(|pair| pair == b"{{"));
        let functions = Functions::new();
        let template = Template::parse("t", &bytes, &functions).unwrap();
        prop_assert_eq!(template.render(&Value::Nil, &functions, &Limits::default()).unwrap(), bytes);
    }

    #[test]
    fn quoted_strings_come_back(text in any::<String>()) {
        let functions = support::functions();
        let render = |source: String| {
            let template = Template::parse("t", source.as_bytes(), &functions).unwrap();
            String::from_utf8(template.render(&Value::str(&text), &functions, &Limits::default()).unwrap()).unwrap()
        };
        let quoted = render("{{ printf \"%q\" . }}".to_owned());
        prop_assert_eq!(render(format!("{{{{ {quoted} }}}}")), text.clone());
        let json = render("{{ json . }}".to_owned());
        prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text.clone());
    }

    #[test]
    fn floats_read_back(bits in any::<u64>()) {
        let float = f64::from_bits(bits);
        prop_assume!(float.is_finite());
        let functions = Functions::new();
        let template = Template::parse("t", b"{{ . }}|{{ printf \"%e|%x\" . . }}", &functions).unwrap();
        let text = String::from_utf8(template.render(&Value::Float(float), &functions, &Limits::default()).unwrap()).unwrap();
        let (shortest, _) = text.split_once('|').unwrap();
        prop_assert_eq!(shortest.parse::<f64>().unwrap().to_bits(), bits);
    }
}

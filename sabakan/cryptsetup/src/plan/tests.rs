use super::*;

const READY: Tpm = Tpm::Ready { length: 256 };
const MISSING: [KeyState; 3] = [KeyState::Never, KeyState::Deleted, KeyState::Unsaid];

fn header(version: u8, tpm: TpmVersion) -> Head {
    Head::Header {
        version,
        key_size: 64,
        tpm,
    }
}

fn share(verdict: Verdict) -> Answer {
    Answer::Share { length: 64, verdict }
}

fn plan(head: &Head, tpm: &Tpm, answer: Option<Answer>) -> Plan {
    decide(false, head, tpm, answer.as_ref(), Policy::default())
}

#[test]
fn an_unformatted_disk_is_formatted() {
    for tpm in [Tpm::None, Tpm::Empty, READY] {
        assert_eq!(plan(&Head::None, &tpm, None), Plan::Format(Format::Unformatted));
    }
}

#[test]
fn a_disk_is_opened_with_its_key() {
    for (version, tpm, made_with) in [
        (3, Tpm::None, TpmVersion::NONE),
        (3, READY, TpmVersion::TPM2),
        (2, Tpm::None, TpmVersion::NONE),
    ] {
        let head = header(version, made_with);
        assert_eq!(plan(&head, &tpm, None), Plan::Ask);
        for verdict in [Verdict::Right, Verdict::Unknown] {
            let expected = Plan::Open {
                convert: version == 2,
                verdict,
            };
            assert_eq!(plan(&head, &tpm, Some(share(verdict))), expected);
        }
    }
}

#[test]
fn nothing_happens_to_an_open_disk() {
    let failed = Tpm::Failed { error: "x".to_owned() };
    let plan = decide(true, &Head::None, &failed, None, Policy::default());
    assert_eq!(plan, Plan::Nothing(Nothing::Opened));
}

#[test]
fn a_tpm_that_cannot_be_read_stops_everything() {
    let failed = Tpm::Failed {
        error: "0x922".to_owned(),
    };
    for head in [Head::None, header(3, TpmVersion::NONE), header(3, TpmVersion::TPM2)] {
        assert_eq!(
            plan(&head, &failed, None),
            Plan::Refuse(Refuse::TpmFailed("0x922".to_owned()))
        );
    }
}

#[test]
fn a_tpm_that_appears_or_goes() {
    for tpm in [Tpm::Empty, READY] {
        for version in [2, 3] {
            assert_eq!(
                plan(&header(version, TpmVersion::NONE), &tpm, None),
                Plan::Format(Format::TpmAppeared)
            );
        }
    }
    assert_eq!(
        plan(&header(3, TpmVersion::TPM2), &Tpm::None, None),
        Plan::Refuse(Refuse::TpmGone)
    );
    assert_eq!(
        plan(&header(3, TpmVersion(1)), &Tpm::None, None),
        Plan::Refuse(Refuse::TpmGone)
    );
}

#[test]
fn another_tpm_is_refused() {
    let head = header(3, TpmVersion::TPM2);
    assert_eq!(
        plan(&head, &Tpm::Empty, Some(share(Verdict::Unknown))),
        Plan::Refuse(Refuse::TpmEmpty)
    );
    assert_eq!(
        plan(&head, &READY, Some(share(Verdict::Wrong))),
        Plan::Refuse(Refuse::KeyWrong)
    );
    let short = Tpm::Ready { length: 63 };
    assert_eq!(
        plan(&head, &short, Some(share(Verdict::Unknown))),
        Plan::Refuse(Refuse::TpmShort)
    );
}

#[test]
fn only_a_deleted_key_lets_a_header_go() {
    for (head, tpm) in [
        (header(3, TpmVersion::NONE), Tpm::None),
        (header(2, TpmVersion::NONE), Tpm::None),
        (header(3, TpmVersion::TPM2), READY),
        (header(3, TpmVersion::TPM2), Tpm::Empty),
    ] {
        for state in MISSING {
            let expected = match state {
                KeyState::Deleted => Plan::Format(Format::KeyDeleted),
                KeyState::Never => Plan::Refuse(Refuse::KeyUnknown),
                KeyState::Unsaid => Plan::Refuse(Refuse::KeyMissing),
            };
            assert_eq!(plan(&head, &tpm, Some(Answer::Missing(state))), expected);
        }
    }
}

#[test]
fn the_operator_can_ask_for_the_original_behaviour() {
    let policy = Policy {
        format_when_unsaid: true,
        ..Policy::default()
    };
    let head = header(3, TpmVersion::NONE);
    let decide = |state| decide(false, &head, &Tpm::None, Some(&Answer::Missing(state)), policy);
    assert_eq!(decide(KeyState::Unsaid), Plan::Format(Format::KeyMissing));
    assert_eq!(
        decide(KeyState::Never),
        Plan::Refuse(Refuse::KeyUnknown),
        "a server that says why is believed"
    );
}

#[test]
fn the_operator_can_give_a_disk_up_but_not_for_trouble() {
    let told = Policy {
        format_refused: true,
        ..Policy::default()
    };
    let head = header(3, TpmVersion::TPM2);
    let failed = Answer::Failed { error: String::new() };
    let plan = |tpm: &Tpm, answer: Answer| decide(false, &head, tpm, Some(&answer), told);
    assert_eq!(
        plan(&READY, Answer::Missing(KeyState::Never)),
        Plan::Format(Format::Told)
    );
    assert_eq!(plan(&READY, share(Verdict::Wrong)), Plan::Format(Format::Told));
    assert_eq!(plan(&Tpm::Empty, share(Verdict::Unknown)), Plan::Format(Format::Told));
    assert_eq!(plan(&READY, failed), Plan::Refuse(Refuse::Server(String::new())));
    let broken = Tpm::Failed { error: String::new() };
    assert_eq!(
        plan(&broken, share(Verdict::Right)),
        Plan::Refuse(Refuse::TpmFailed(String::new()))
    );
    let opened = Plan::Open {
        convert: false,
        verdict: Verdict::Right,
    };
    assert_eq!(
        plan(&READY, share(Verdict::Right)),
        opened,
        "a disk that can be opened is opened"
    );
}

#[test]
fn trouble_never_formats() {
    let head = header(3, TpmVersion::NONE);
    let failed = Answer::Failed {
        error: "503".to_owned(),
    };
    assert_eq!(
        plan(&head, &Tpm::None, Some(failed)),
        Plan::Refuse(Refuse::Server("503".to_owned()))
    );
    let short = Answer::Share {
        length: 32,
        verdict: Verdict::Unknown,
    };
    assert_eq!(plan(&head, &Tpm::None, Some(short)), Plan::Refuse(Refuse::KeyLength));
    let damaged = Head::Unusable {
        error: "bad".to_owned(),
    };
    assert_eq!(
        plan(&damaged, &Tpm::None, None),
        Plan::Refuse(Refuse::Head("bad".to_owned()))
    );
}

#[test]
fn an_empty_tpm_gets_no_key_while_a_disk_needs_the_old_one() {
    let old = (header(3, TpmVersion::TPM2), Plan::Refuse(Refuse::TpmEmpty));
    let new = (Head::None, Plan::Format(Format::Unformatted));
    let deleted = (header(3, TpmVersion::TPM2), Plan::Format(Format::KeyDeleted));
    let held = Plan::Refuse(Refuse::TpmHeldBack);
    assert_eq!(
        hold_back(&Tpm::Empty, vec![old.clone(), new.clone()]),
        [old.1.clone(), held]
    );
    assert_eq!(
        hold_back(&READY, vec![old.clone(), new.clone()]),
        [old.1, new.1.clone()]
    );
    assert_eq!(
        hold_back(&Tpm::Empty, vec![deleted.clone(), new.clone()]),
        [deleted.1, new.1]
    );
}

/// Every combination: a header is given up only for the reasons of the table, whatever else is true.
#[test]
fn over_all_inputs_a_header_is_formatted_only_for_a_reason() {
    let tpms = [Tpm::None, Tpm::Empty, READY, Tpm::Failed { error: String::new() }];
    let answers: Vec<Option<Answer>> = [None, Some(Answer::Failed { error: String::new() })]
        .into_iter()
        .chain(MISSING.map(|state| Some(Answer::Missing(state))))
        .chain([Verdict::Right, Verdict::Wrong, Verdict::Unknown].map(|verdict| Some(share(verdict))))
        .collect();
    for tpm in &tpms {
        for made_with in [0, 1, 2, 255].map(TpmVersion) {
            for answer in &answers {
                let result = plan(&header(3, made_with), tpm, answer.clone());
                if let Plan::Format(reason) = result {
                    let deleted = *answer == Some(Answer::Missing(KeyState::Deleted));
                    let appeared = made_with != TpmVersion::TPM2 && matches!(tpm, Tpm::Empty | Tpm::Ready { .. });
                    assert!(
                        (reason == Format::KeyDeleted && deleted) || (reason == Format::TpmAppeared && appeared),
                        "{tpm:?} {made_with:?} {answer:?}: {reason:?}"
                    );
                }
            }
        }
    }
}

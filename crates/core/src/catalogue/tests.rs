use super::*;

const HEAD: &str = "version = 1\ndomain = \"lamp\"\n";

/// What is wrong with `text` after the head of a manifest, as `line: message`.
fn errors(text: &str) -> Vec<String> {
    let text = format!("{HEAD}{text}");
    let errors = Catalogue::parse(&[("lamp.toml", &text)]).expect_err("the manifest is broken");
    errors.iter().map(|error| format!("{}: {}", error.line, error.message)).collect()
}

#[test]
fn the_shipped_catalogue_is_valid() {
    let errors = Catalogue::parse(Catalogue::shipped_files()).err().unwrap_or_default();
    assert!(errors.is_empty(), "{}", errors.iter().map(|e| format!("{e}\n")).collect::<String>());
    assert_eq!(Catalogue::shipped().intents().len(), 81);
}

#[test]
fn resolves_an_intent() {
    let text = format!(
        "{HEAD}[rules]\nset = \"(set|put)\"\n[[intent]]\nname = \"lamp.set_level\"\nrisk = [\"confirm\"]\n\
         slots = [{{ name = \"level\", type = \"number\", min = 0, max = 7, required = true, words = {{ low = 2 }} }}, {{ name = \"zone\", type = \"zone\" }}]\n\
         call = {{ method = \"SetLevel\", args = [\"level:d=3\", \"zone:s\"], returns = \"result:d\" }}\n\
         reply = {{ done = \"Level {{level}}, {{result}}.\" }}\nsentences = [\"<set> the lamp to {{level}}\"]\n\
         [[intent.also]]\nset = {{ level = 7 }}\nneed = true\nsentences = [\"it is dark\"]\n"
    );
    let catalogue = Catalogue::parse(&[("lamp.toml", &text)]).unwrap();
    let intent = catalogue.intent("lamp.set_level").unwrap();
    assert!(intent.risk.confirm && !intent.risk.parked_only);
    let call = intent.call.as_ref().unwrap();
    assert_eq!(call.path, "/org/carvoice/Vehicle1");
    assert_eq!(call.interface, "org.carvoice.Vehicle1.Lamp");
    assert_eq!(call.args[0].default, Some(SlotValue::Number(3.0)));
    assert_eq!(call.returns, Some(("result".into(), 'd')));
    assert!(intent.sentences[1].need && intent.sentences[1].set["level"] == SlotValue::Number(7.0));
    assert_eq!(intent.missing(&Slots::new()).map(|slot| slot.name.as_str()), Some("level"));
    assert_eq!(catalogue.rules()["set"], "(set|put)");
}

#[test]
fn asks_for_the_first_of_several_slots_that_would_do() {
    let catalogue = Catalogue::shipped();
    let call = catalogue.intent("phone.call").unwrap();
    assert_eq!(call.missing(&Slots::new()).map(|slot| slot.name.as_str()), Some("contact"));
    assert!(call.missing(&Slots::from([("number".into(), SlotValue::from("112"))])).is_none());
}

#[test]
fn names_the_place_of_each_error() {
    let intent = "[[intent]]\nname = \"lamp.set\"\nsentences = [\"lamp\"]\n";
    for (text, expected) in [
        ("colour = 1\n", "3: unknown field `colour`"),
        ("[[intent]]\nname = \"lamp.set\"\nsentance = [\"lamp\"]\n", "(did you mean `sentences`?)"),
        (
            "[[intent]]\nname = \"lamp.set\"\nsentences = [\"dim {lvl}\"]\n",
            "5: `dim {lvl}`: unknown slot `lvl`",
        ),
        ("[[intent]]\nname = \"lamp.set\"\nsentences = [\"(dim\"]\n", "`(` is not closed by `)`"),
        ("[[intent]]\nname = \"lamp.set\"\nsentences = [\"[dim]\"]\n", "an empty sentence"),
        ("[[intent]]\nname = \"lamp.set\"\nsentences = [\"<dimm> it\"]\n[rules]\n", "unknown rule `dimm`"),
        ("[[intent]]\nname = \"lamp.set\"\n", "has no sentences"),
        ("[[intent]]\nname = \"light.set\"\nsentences = [\"lamp\"]\n", "must be `lamp.` and an action"),
        (
            &format!("{intent}slots = [{{ name = \"a\", type = \"number\", min = 3, max = 1 }}]\n"),
            "upside down",
        ),
        (&format!("{intent}slots = [{{ name = \"a\", type = \"numbr\" }}]\n"), "(did you mean `number`?)"),
        (&format!("{intent}call = {{ method = \"Set.It\" }}\n"), "6: `Set.It` is no D-Bus method name"),
        (
            &format!("{intent}call = {{ bus = \"session\" }}\n"),
            "6: a call needs either `method` or `property`",
        ),
        (
            &format!("{intent}call = {{ property = \"Level\" }}\n"),
            "is either read, with `returns`, or written",
        ),
        (
            &format!(
                "{intent}call = {{ method = \"Set\" }}\ninstead = [{{ property = \"Level\", returns = \"level:d\" }}]\n"
            ),
            "7: this call returns `level`, and the intent's own nothing",
        ),
        ("[[bind]]\nintent = \"lamp.sett\"\n", "4: unknown intent `lamp.sett`"),
        (&format!("{intent}call = {{ method = \"Set\", args = [\"a:s\"] }}\n"), "unknown slot `a`"),
        (
            &format!(
                "{intent}slots = [{{ name = \"a\", type = \"text\" }}]\ncall = {{ method = \"Set\", args = [\"a:x\"] }}\n"
            ),
            "`x` is no D-Bus type",
        ),
        (
            &format!(
                "{intent}slots = [{{ name = \"a\", type = \"text\" }}]\ncall = {{ method = \"Set\", args = [\"a:d\"] }}\n"
            ),
            "cannot be sent as D-Bus type `d`",
        ),
        (&format!("{intent}reply = {{ done = \"{{levl}}\" }}\n"), "unknown slot `levl` in a reply"),
        (&format!("{intent}risk = [\"confrim\"]\n"), "(did you mean `confirm`?)"),
        (&format!("{intent}[[intent.also]]\nset = {{ a = 1 }}\nsentences = [\"x\"]\n"), "unknown slot `a`"),
        (&format!("{intent}{intent}"), "7: the intent `lamp.set` is defined twice"),
    ] {
        let found = errors(text);
        assert!(found.iter().any(|error| error.contains(expected)), "{expected}\n{found:?}");
    }
}

#[test]
fn refuses_other_versions_and_endless_rules() {
    let old = Catalogue::parse(&[("x.toml", "version = 2\ndomain = \"x\"\n")]).unwrap_err();
    assert_eq!(old[0].to_string(), "x.toml:1:11: version 2 is not known; this program reads version 1");
    let found = errors("[rules]\na = \"x <b>\"\nb = \"<a>\"\n");
    assert_eq!(found, ["4: the rule `a` refers to itself", "5: the rule `b` refers to itself"]);
}

#[test]
fn manifests_share_rules() {
    let rules = ("rules.toml", "version = 1\ndomain = \"rules\"\n[rules]\nset = \"set\"\n");
    let lamp =
        "version = 1\ndomain = \"lamp\"\n[[intent]]\nname = \"lamp.set\"\nsentences = [\"<set> lamp\"]\n";
    assert!(Catalogue::parse(&[("lamp.toml", lamp), rules]).is_ok());
    assert!(Catalogue::parse(&[("lamp.toml", lamp)]).is_err());
}

#[test]
fn the_documented_skills_and_the_bindings_are_valid() {
    let documentation = include_str!("../../../../docs/skills.md");
    let blocks = documentation.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    // The others are parts of one.
    let blocks: Vec<&str> = blocks.filter(|block| block.starts_with("version")).collect();
    let [heater, player] = blocks.as_slice() else { panic!("{} examples", blocks.len()) };
    let mut files = Catalogue::shipped_files().to_vec();
    files.extend([("parking_heater.toml", *heater), ("player.toml", *player)]);
    files.push(("ofono.toml", include_str!("../../bindings/ofono.toml")));
    let catalogue = Catalogue::parse(&files).unwrap();
    assert!(catalogue.intent("parking_heater.start").is_some());
    let pause = catalogue.intent("media.pause").unwrap();
    assert_eq!(pause.call.as_ref().unwrap().bus.as_deref(), Some("session"));
    assert_eq!(catalogue.intent("phone.answer").unwrap().instead[0].through.len(), 2);
}

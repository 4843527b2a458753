//! What the policy approves, against rules of the car that are written here once more: random commands,
//! half of them with a value that no car allows.

use carvoice_core::car::CarState;
use carvoice_core::catalogue::{Catalogue, Intent, Slot, SlotKind};
use carvoice_core::command::{Command, SlotValue};
use carvoice_core::interpretation::Candidate;
use carvoice_core::policy::{Policy, Ruling, Settings};

const COMMANDS: usize = 100_000;
/// Intents with interlocks or a risk: half of the commands.
const RISKY: [&str; 8] = [
    "trunk.set",
    "door.set_lock",
    "mirror.set",
    "seat.move",
    "sunroof.set",
    "light.set",
    "climate.set_defrost",
    "phone.call",
];

/// Numbers without a pattern, the same in every run (xorshift64, Marsaglia 2003).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % end
    }

    fn one_in(&mut self, sides: usize) -> bool {
        self.below(sides) == 0
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// A value as the slot may hold it.
    fn legal(&mut self, slot: &Slot) -> SlotValue {
        match &slot.kind {
            SlotKind::Choice(choices) => SlotValue::from(self.of(choices).value.as_str()),
            SlotKind::Number(kind) => {
                let steps = ((kind.max - kind.min) / kind.step).floor() as usize;
                SlotValue::Number(kind.min + kind.step * self.below(steps + 1) as f64)
            }
            SlotKind::Text => SlotValue::from(*self.of(&["mum", "Ulm", "police"])),
            SlotKind::Digits => SlotValue::from(*self.of(&["5550199", "112", "+49#1"])),
        }
    }

    fn illegal(&mut self, slot: &Slot) -> SlotValue {
        match &slot.kind {
            SlotKind::Number(kind) => {
                let odd = [f64::NAN, f64::INFINITY, -1e12, 1e12, kind.min - kind.step, kind.max + kind.step];
                SlotValue::Number(*self.of(&odd))
            }
            _ => SlotValue::from(*self.of(&["", "\u{7}", "none of these\n", "0x7f\0"])),
        }
    }

    fn command(&mut self, catalogue: &Catalogue) -> Command {
        let intent = match self.below(50) {
            0 => return Command::new("warp.engage").with("speed", 9.0),
            1..=25 => catalogue.intent(RISKY[self.below(RISKY.len())]).unwrap(),
            _ => self.of(catalogue.intents()),
        };
        let mut command = Command::new(&intent.name);
        let broken = self.one_in(2).then(|| self.below(intent.slots.len().max(1)));
        for (at, slot) in intent.slots.iter().enumerate() {
            if broken == Some(at) {
                command = command.with(&slot.name, self.illegal(slot));
            } else if slot.required || self.one_in(2) {
                command = command.with(&slot.name, self.legal(slot));
            }
        }
        if self.one_in(30) { command.with("turbo", "on") } else { command }
    }

    fn car(&mut self) -> Option<CarState> {
        (!self.one_in(5)).then(|| CarState {
            speed_kmh: *self.of(&[0.0, 5.0, 5.1, 30.0, 130.0, -20.0, f64::NAN]),
            guiding: self.one_in(2),
            low_beam: self.one_in(2),
            high_beam: self.one_in(2),
            shade_open: *self.of(&[0.0, 50.0, 100.0]),
            sunroof_open: *self.of(&[0.0, 50.0, 100.0]),
            fan_level: self.below(8) as f64,
            ..CarState::default()
        })
    }
}

fn fits(intent: &Intent, name: &str, value: &SlotValue) -> bool {
    match (intent.slot(name).map(|slot| &slot.kind), value) {
        (Some(SlotKind::Number(kind)), SlotValue::Number(number)) => {
            (kind.min..=kind.max).contains(number)
                && ((number - kind.min) / kind.step)
                    .fract()
                    .abs()
                    .min(1.0 - ((number - kind.min) / kind.step).fract().abs())
                    < 1e-6
        }
        (Some(SlotKind::Choice(choices)), SlotValue::Text(text)) => {
            choices.iter().any(|choice| choice.value == *text)
        }
        (Some(SlotKind::Text), SlotValue::Text(text)) => !text.is_empty() && !text.contains(char::is_control),
        (Some(SlotKind::Digits), SlotValue::Text(text)) => {
            !text.is_empty() && text.chars().all(|c| "+*#".contains(c) || c.is_ascii_digit())
        }
        _ => false,
    }
}

/// What is wrong with doing this in this car, after these steps.
fn harm(command: &Command, before: &[Command], car: Option<&CarState>, yes: bool) -> Option<&'static str> {
    let is = |slot: &str, value: &str| command.text(slot) == Some(value);
    let done = |intent: &str, slots: &[(&str, &str)]| {
        let has = |step: &Command| slots.iter().all(|(slot, value)| step.text(slot) == Some(*value));
        before.iter().any(|step| step.intent == intent && has(step))
    };
    let parked = car.is_some_and(|car| car.speed_kmh.abs() <= 5.0);
    match command.intent.as_str() {
        "trunk.set" if is("state", "open") && !(parked && yes) => Some("the boot opens"),
        "door.set_lock" if is("state", "unlocked") && !(parked && yes) => Some("the doors unlock"),
        "mirror.set" if is("state", "folded") && !parked => Some("the mirrors fold"),
        "seat.move"
            if ["back", "forward", "recline"].into_iter().any(|motion| is("motion", motion))
                && ["driver", "front", "all"].into_iter().any(|zone| is("zone", zone))
                && !parked =>
        {
            Some("the driver's seat moves")
        }
        "light.set" if is("light", "headlights") && is("state", "off") && !(parked || yes) => {
            Some("the headlights go off")
        }
        "light.set" if is("light", "fog") && is("state", "on") => {
            let low = car.is_some_and(|car| car.low_beam)
                || done("light.set", &[("light", "headlights"), ("state", "on")]);
            let high = car.is_none_or(|car| car.high_beam)
                && !done("light.set", &[("light", "high_beam"), ("state", "off")]);
            (!low || high).then_some("fog lights without the low beam")
        }
        "sunroof.set" => {
            let position = command.number("position");
            let wider = position.is_some_and(|to| car.is_none_or(|car| to > car.sunroof_open));
            let opens = wider || is("motion", "open") || is("motion", "tilt");
            let wanted = position.unwrap_or(100.0);
            let shade = car.is_some_and(|car| car.shade_open >= wanted)
                || before.iter().any(|step| step.intent == "shade.set");
            (opens && !shade).then_some("the sunroof opens under its shade")
        }
        "phone.call" if (is("number", "112") || is("contact", "police")) && !yes => Some("an emergency call"),
        _ => None,
    }
}

#[test]
fn of_a_hundred_thousand_commands_none_is_approved_that_harms() {
    let catalogue = Catalogue::shipped();
    let policy = Policy::new(catalogue.clone(), Settings::default());
    let mut dice = Dice(0x5eed_cafe_f00d_0001);
    let mut approved = 0;
    for _ in 0..COMMANDS {
        let (command, car, yes) = (dice.command(&catalogue), dice.car(), dice.one_in(2));
        let candidate = Candidate::complete(command.clone(), 1.0);
        let Ruling::Approve { steps, .. } = policy.judge(&candidate, car.as_ref(), None, yes) else {
            continue;
        };
        approved += 1;
        let steps: Vec<Command> = steps.iter().map(|step| step.command().clone()).collect();
        for (at, step) in steps.iter().enumerate() {
            let intent = catalogue.intent(&step.intent).unwrap_or_else(|| panic!("{command}: {step}"));
            for (name, value) in &step.slots {
                assert!(fits(intent, name, value), "{command}: {step}");
            }
            let harm = harm(step, &steps[..at], car.as_ref(), yes);
            assert_eq!(harm, None, "{command}: {step}, {car:?}");
        }
    }
    // Most are refused for a value; without many approvals nothing would be shown.
    assert!(approved > COMMANDS / 10, "{approved}");
}

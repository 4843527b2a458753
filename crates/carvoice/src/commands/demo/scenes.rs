//! What is said in the demo, and what must come of it.

use super::cabin::Observed;

/// One utterance.
pub struct Scene {
    pub said: &'static str,
    pub speed_kmh: f64,
    /// The commands that must come out, as `intent slot=value …`.
    commands: &'static [&'static str],
    outcome: &'static str,
    /// A part of the reply, in lower case.
    reply: &'static str,
}

impl Scene {
    /// What did not go as expected.
    pub fn fault(&self, observed: &Observed) -> Option<String> {
        if observed.commands != self.commands {
            return Some(format!(
                "expected {}",
                if self.commands.is_empty() { "no command".to_owned() } else { self.commands.join(" ; ") }
            ));
        }
        if observed.outcome != self.outcome {
            return Some(format!("expected the outcome {}", self.outcome));
        }
        if observed.calls.len() != self.commands.len() {
            return Some(format!("expected {} calls", self.commands.len()));
        }
        if !observed.reply.to_lowercase().contains(self.reply) {
            return Some(format!("expected a reply with \"{}\"", self.reply));
        }
        None
    }
}

/// In this order: a later scene may refer to an earlier one.
pub const SCENES: &[Scene] = &[
    Scene {
        said: "Set the temperature to twenty one degrees.",
        speed_kmh: 0.0,
        commands: &["climate.set_temperature temperature=21 zone=driver"],
        outcome: "done",
        reply: "21",
    },
    Scene {
        said: "Open the driver's window halfway and play some jazz.",
        speed_kmh: 50.0,
        commands: &["window.set position=50 zone=driver", "media.play kind=genre query=jazz"],
        outcome: "done",
        reply: "jazz",
    },
    Scene { said: "Open the boot.", speed_kmh: 50.0, commands: &[], outcome: "refused", reply: "moving" },
    Scene {
        said: "I'm freezing.",
        speed_kmh: 50.0,
        commands: &["climate.adjust_temperature direction=up zone=driver"],
        outcome: "done",
        reply: "",
    },
    Scene { said: "Who won the cup final?", speed_kmh: 50.0, commands: &[], outcome: "unclear", reply: "" },
    Scene { said: "Open the boot.", speed_kmh: 0.0, commands: &[], outcome: "answered", reply: "?" },
    Scene {
        said: "Yes, please.",
        speed_kmh: 0.0,
        commands: &["trunk.set state=open"],
        outcome: "done",
        reply: "",
    },
];

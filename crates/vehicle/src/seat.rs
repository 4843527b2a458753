//! Seats: heating, ventilation, massage, position.

use crate::refusal::Refusal;
use crate::values::{Scale, on_step, one_of, upward};
use crate::zone::{DRIVER, Flags, Levels, PerSeat, Seats};

const HEATING: Scale = Scale { what: "seat heating", min: 0.0, max: 3.0, step: 1.0 };
const VENTILATION: Scale = Scale { what: "seat ventilation", min: 0.0, max: 3.0, step: 1.0 };
const MOTIONS: &[&str] = &["forward", "back", "up", "down", "recline", "upright"];

/// A travel in percent of its whole way.
const fn travel(what: &'static str) -> Scale {
    Scale { what, min: 0.0, max: 100.0, step: 10.0 }
}

/// All seats.
#[derive(Clone, Debug)]
pub(crate) struct Seat {
    heating: PerSeat<f64>,
    ventilation: PerSeat<f64>,
    massage: PerSeat<bool>,
    slide: PerSeat<f64>,
    height: PerSeat<f64>,
    recline: PerSeat<f64>,
}

impl Default for Seat {
    fn default() -> Self {
        Self {
            heating: PerSeat::all(0.0),
            ventilation: PerSeat::all(0.0),
            massage: PerSeat::all(false),
            slide: PerSeat::all(50.0),
            height: PerSeat::all(50.0),
            recline: PerSeat::all(20.0),
        }
    }
}

domain! {
    "org.carvoice.Vehicle1.Seat", |car| car.seat;
    properties {
        heating: Levels = car.seat.heating.by_name();
        ventilation: Levels = car.seat.ventilation.by_name();
        massage: Flags = car.seat.massage.by_name();
        slide: Levels = car.seat.slide.by_name();
        height: Levels = car.seat.height.by_name();
        recline: Levels = car.seat.recline.by_name();
    }
    methods {
        fn set_heating(level: f64, zone: String);
        fn adjust_heating(direction: String, zone: String);
        fn set_ventilation(level: f64, zone: String);
        fn adjust_ventilation(direction: String, zone: String);
        fn set_massage(state: bool, zone: String);
        fn r#move(motion: String, zone: String);
    }
    queries {}
}

impl Seat {
    fn set_heating(&mut self, level: f64, zone: String) -> Result<(), Refusal> {
        let seats = Seats::of(&zone, DRIVER)?;
        self.heating.set(seats, on_step("level", level, HEATING.min, HEATING.max, 1.0)?);
        Ok(())
    }

    fn adjust_heating(&mut self, direction: String, zone: String) -> Result<(), Refusal> {
        let up = upward(&direction)?;
        self.heating.change(Seats::of(&zone, DRIVER)?, |now| HEATING.moved(now, up, 0.0))
    }

    fn set_ventilation(&mut self, level: f64, zone: String) -> Result<(), Refusal> {
        let seats = Seats::of(&zone, DRIVER)?;
        self.ventilation.set(seats, on_step("level", level, VENTILATION.min, VENTILATION.max, 1.0)?);
        Ok(())
    }

    fn adjust_ventilation(&mut self, direction: String, zone: String) -> Result<(), Refusal> {
        let up = upward(&direction)?;
        self.ventilation.change(Seats::of(&zone, DRIVER)?, |now| VENTILATION.moved(now, up, 0.0))
    }

    fn set_massage(&mut self, state: bool, zone: String) -> Result<(), Refusal> {
        self.massage.set(Seats::of(&zone, DRIVER)?, state);
        Ok(())
    }

    fn r#move(&mut self, motion: String, zone: String) -> Result<(), Refusal> {
        let seats = Seats::of(&zone, DRIVER)?;
        let (axis, scale, up) = match one_of("motion", &motion, MOTIONS)? {
            "forward" => (&mut self.slide, travel("the seat's slide"), true),
            "back" => (&mut self.slide, travel("the seat's slide"), false),
            "up" => (&mut self.height, travel("the seat's height"), true),
            "down" => (&mut self.height, travel("the seat's height"), false),
            "recline" => (&mut self.recline, travel("the backrest"), true),
            _ => (&mut self.recline, travel("the backrest"), false),
        };
        axis.change(seats, |now| scale.moved(now, up, 0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heating_has_four_levels() {
        let mut seat = Seat::default();
        seat.set_heating(3.0, "rear".into()).unwrap();
        assert_eq!(seat.heating.by_name()["rear_right"], 3.0);
        assert!(matches!(seat.set_heating(4.0, String::new()), Err(Refusal::OutOfRange(_))));
        assert!(matches!(seat.set_heating(1.5, String::new()), Err(Refusal::OutOfRange(_))));
        let already = seat.adjust_heating("up".into(), "rear_left".into());
        assert!(matches!(already, Err(Refusal::Refused(_))));
    }

    #[test]
    fn seats_move_on_three_axes() {
        let mut seat = Seat::default();
        for motion in MOTIONS {
            seat.r#move((*motion).into(), "passenger".into()).unwrap();
        }
        assert_eq!(seat.slide, PerSeat::all(50.0));
        assert!(seat.r#move("sideways".into(), String::new()).is_err());
    }
}

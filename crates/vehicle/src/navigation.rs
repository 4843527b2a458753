//! Route guidance.

use crate::refusal::Refusal;
use crate::values::{one_of, words};

const FEATURES: &[&str] = &["tolls", "highways", "ferries"];
/// Most stops of one route.
const STOPS: usize = 20;

/// The navigation.
#[derive(Clone, Debug)]
pub(crate) struct Navigation {
    destination: String,
    stops: Vec<String>,
    avoided: Vec<&'static str>,
    guidance: bool,
    found: String,
    position: String,
}

impl Default for Navigation {
    fn default() -> Self {
        Self {
            destination: String::new(),
            stops: Vec::new(),
            avoided: Vec::new(),
            guidance: true,
            found: String::new(),
            position: "geo:48.13743,11.57549".to_owned(),
        }
    }
}

type Words = Vec<String>;

domain! {
    "org.carvoice.Vehicle1.Navigation", |car| car.navigation;
    properties {
        guiding: bool = car.navigation.guiding();
        destination: String = car.navigation.destination.clone();
        stops: Words = car.navigation.stops.clone();
        avoided: Words = car.navigation.avoided.iter().map(ToString::to_string).collect();
        guidance: bool = car.navigation.guidance;
        found: String = car.navigation.found.clone();
        position: String = car.navigation.position.clone();
    }
    methods {
        fn go_to(destination: String);
        fn find(category: String, near: String);
        fn add_stop(destination: String);
        fn cancel();
        fn avoid(feature: String, state: bool);
        fn set_guidance(state: bool);
    }
    queries {
        fn repeat() -> String;
        fn query_eta() -> String;
        fn query_distance() -> f64;
        fn query_traffic() -> String;
    }
}

impl Navigation {
    fn guiding(&self) -> bool {
        !self.destination.is_empty()
    }

    fn on_route(&self) -> Result<(), Refusal> {
        if self.guiding() { Ok(()) } else { Err(Refusal::refused("no route is set")) }
    }

    fn go_to(&mut self, destination: String) -> Result<(), Refusal> {
        self.destination = words("destination", &destination)?;
        self.stops.clear();
        Ok(())
    }

    fn find(&mut self, category: String, near: String) -> Result<(), Refusal> {
        let category = words("category", &category)?;
        if matches!(one_of("near", &near, &["", "here", "destination", "route"])?, "destination" | "route") {
            self.on_route()?;
        }
        self.found = category;
        Ok(())
    }

    fn add_stop(&mut self, destination: String) -> Result<(), Refusal> {
        self.on_route()?;
        let stop = words("destination", &destination)?;
        if self.stops.len() == STOPS {
            return Err(Refusal::refused(format!("a route has at most {STOPS} stops")));
        }
        self.stops.push(stop);
        Ok(())
    }

    fn cancel(&mut self) -> Result<(), Refusal> {
        self.on_route()?;
        self.destination.clear();
        self.stops.clear();
        Ok(())
    }

    fn repeat(&mut self) -> Result<String, Refusal> {
        self.on_route().map(|()| "In 300 metres, turn right.".to_owned())
    }

    /// `state` true keeps routes off the feature, false allows it again.
    fn avoid(&mut self, feature: String, state: bool) -> Result<(), Refusal> {
        let feature = one_of("feature", &feature, FEATURES)?;
        self.avoided.retain(|avoided| *avoided != feature);
        if state {
            self.avoided.push(feature);
        }
        Ok(())
    }

    fn set_guidance(&mut self, state: bool) -> Result<(), Refusal> {
        self.guidance = state;
        Ok(())
    }

    fn query_eta(&mut self) -> Result<String, Refusal> {
        self.on_route().map(|()| "18 minutes".to_owned())
    }

    fn query_distance(&mut self) -> Result<f64, Refusal> {
        self.on_route().map(|()| 12.4)
    }

    fn query_traffic(&mut self) -> Result<String, Refusal> {
        Ok("light".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stops_and_cancelling_need_a_route() {
        let mut navigation = Navigation::default();
        assert!(matches!(navigation.add_stop("Ulm".into()), Err(Refusal::Refused(_))));
        assert!(matches!(navigation.cancel(), Err(Refusal::Refused(_))));
        assert!(matches!(navigation.find("cafe".into(), "route".into()), Err(Refusal::Refused(_))));
        navigation.go_to("Munich".into()).unwrap();
        navigation.add_stop("Ulm".into()).unwrap();
        assert_eq!(navigation.query_distance(), Ok(12.4));
        navigation.cancel().unwrap();
        assert!(!navigation.guiding());
        assert!(navigation.stops.is_empty());
    }

    #[test]
    fn features_are_avoided_once() {
        let mut navigation = Navigation::default();
        navigation.avoid("tolls".into(), true).unwrap();
        navigation.avoid("tolls".into(), true).unwrap();
        assert_eq!(navigation.avoided, ["tolls"]);
        navigation.avoid("tolls".into(), false).unwrap();
        assert!(navigation.avoided.is_empty());
    }
}

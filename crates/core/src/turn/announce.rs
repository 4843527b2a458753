//! What other services want said, in order of urgency.

use std::collections::VecDeque;

use super::event::Priority;
use crate::engine::TurnId;

/// Announcements that may wait: more than a driver listens to in a row.
pub const MAX_WAITING: usize = 8;

/// A text that waits to be spoken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Announcement {
    pub(super) number: TurnId,
    pub(super) text: String,
    pub(super) priority: Priority,
}

/// A bounded queue: the most urgent first, equals in order of arrival.
#[derive(Clone, Debug, Default)]
pub(super) struct Announcements {
    waiting: VecDeque<Announcement>,
    dropped: u64,
}

impl Announcements {
    /// Takes one more. A full queue drops its last if that is less urgent than the new one, else
    /// the new one. False if the new one was not taken.
    pub(super) fn push(&mut self, new: Announcement) -> bool {
        if self.waiting.len() == MAX_WAITING {
            self.dropped += 1;
            if self.waiting.back().is_some_and(|last| last.priority >= new.priority) {
                return false;
            }
            self.waiting.pop_back();
        }
        let place = self.waiting.partition_point(|waiting| waiting.priority >= new.priority);
        self.waiting.insert(place, new);
        true
    }

    /// The next one of at least this urgency.
    pub(super) fn pop(&mut self, least: Priority) -> Option<Announcement> {
        if self.waiting.front()?.priority >= least { self.waiting.pop_front() } else { None }
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// How many were dropped because the queue was full.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn announcement(number: u64, priority: Priority) -> Announcement {
        Announcement { number: TurnId(number), text: String::new(), priority }
    }

    #[test]
    fn urgent_ones_go_first_and_equals_in_order() {
        let mut queue = Announcements::default();
        for (number, priority) in
            [(1, Priority::Low), (2, Priority::Urgent), (3, Priority::Normal), (4, Priority::Urgent)]
        {
            assert!(queue.push(announcement(number, priority)));
        }
        let order: Vec<u64> =
            std::iter::from_fn(|| queue.pop(Priority::Low)).map(|next| next.number.0).collect();
        assert_eq!(order, [2, 4, 3, 1]);
    }

    #[test]
    fn a_full_queue_drops_the_least_urgent() {
        let mut queue = Announcements::default();
        for number in 0..MAX_WAITING as u64 {
            assert!(queue.push(announcement(number, Priority::Low)));
        }
        assert!(!queue.push(announcement(90, Priority::Low)));
        assert!(queue.push(announcement(91, Priority::Urgent)));
        assert_eq!((queue.len(), queue.dropped()), (MAX_WAITING, 2));
        assert_eq!(queue.pop(Priority::Urgent).map(|next| next.number), Some(TurnId(91)));
        assert_eq!(queue.pop(Priority::Urgent), None);
    }
}

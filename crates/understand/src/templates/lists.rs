//! Lists of words that templates are written in terms of.

/// A set of words.
pub(super) struct List(&'static str);

impl List {
    /// Whether the word is in the list.
    pub(super) fn has(&self, word: &str) -> bool {
        self.0.split_whitespace().any(|known| known == word)
    }
}

/// Words that no name, place or category begins with.
pub(super) const NO_NAME: List = List(
    "it me you that this is are was were be and or but i we he she they them off out back up down if \
     because so for of not do does did can could would will as us on there what how why who when \
     which more much any anything something all from with number someone somebody",
);
/// Words that no title begins with.
pub(super) const NO_TITLE: List = List(
    "is and or are was of off by with that what how dumb dead fair safe nice mode cards guitar telly tv \
     television",
);
/// Words dropped from the beginning of free text.
pub(super) const LEADING: List = List("the a an some my our your please um uh er");
/// Prepositions dropped from the beginning of names and times.
pub(super) const PREPOSITIONS: List = List("to at for towards called named of about that by in on as");
/// Words dropped from the end of free text.
pub(super) const TRAILING: List = List("please now um uh");
/// Words that make a number a frequency.
pub(super) const RADIO_WORDS: List =
    List("tune tuner dial radio station frequency fm megahertz kilohertz channel");
/// Words that no person's name holds.
pub(super) const NO_PERSON: List = List(
    "i we he she it is are know see will need needs joke jokes story stories me to name alarm tweet \
     complaint bill bills address about picture list names when if day attention off email fact \
     facts something shots truth difference weather news time tomorrow tonight later ring bell",
);
/// Words that no destination holds.
pub(super) const NO_PLACE: List = List(
    "do does need call book i you is are visa me what setting settings website voice page mode sleep \
     bed hell light lights crossing crosswalk roundabout anytime buy get kill tell because wikipedia google youtube facebook application via",
);
/// Words that nothing one plays in a car holds.
pub(super) const NO_TUNE: List = List(
    "game games joke jokes chess poker checkers riddle fact recipe said utterance football cricket \
     tennis alarm todo video movie film belt belts seatbelt seatbelts kettle shoes jacket",
);
/// Words that no kind of place holds.
pub(super) const NO_CATEGORY: List = List(
    "of for that to which on list or is are information way news about my taxi uber cab event events \
     outage weather happening package order",
);
/// Words that begin an order or a question.
pub(super) const ORDER_WORDS: List = List(
    "what who where when why how which tell order buy book find search google look show read send \
     make create add set turn switch open close start stop activate deactivate enable disable give \
     get bring take put park overtake drive accelerate brake slow speed wake remind translate \
     calculate define explain recommend reserve schedule check is are does do will tweet post sing \
     write play pay change increase decrease lower raise lock unlock cook brew clean charge save \
     engage roll move adjust keep let use record film print download install update connect pair \
     disconnect honk flash reverse merge join email contact help pick fetch fill refuel",
);
/// Further words that begin an order of the catalogue.
pub(super) const VERBS: List = List(
    "call dial phone text ring navigate guide route skip next pause resume mute unmute warm heat cool dim \
     brighten defrost demist fold unfold tilt recline wind wipe tune listen answer reject hang stick pop \
     crank bump i we no go shut kill cancel louder quieter warmer cooler",
);
/// Verbs that follow "when" in a question.
pub(super) const INVERTED: List = List("was were did do does will is are would can should has have could");
/// Words without a meaning of their own.
pub(super) const IDLE: List = List(
    "the a an please my our your just now some kindly um uh er erm uhm umm hmm hm mm ah oh quickly \
     simply damn bloody immediately currently pls eh",
);
/// Idle words that count for nothing in a template either.
pub(super) const ARTICLES: List = List("the a please my our your");
/// Words whose `'s` is "is".
pub(super) const IS_WORDS: List = List(
    "it that what who how where when there here he she everything why which sun music radio fan \
     volume screen display temperature heating air seat tank everyone",
);
/// Words behind which a verb stands in its "-ing" form: "would you mind opening".
pub(super) const BEFORE_GERUND: List = List("mind about try consider appreciate");
/// Stems of verbs that end in "e" in their plain form.
pub(super) const STEMS_IN_E: List = List(
    "clos rais mak increas decreas reduc giv tak navigat paus mut activat mov chang resum us wip \
     reclin deactivat enabl disabl sav shuffl continu driv rout guid releas ventilat silenc unmut \
     slid",
);
/// Words behind which "one" is no number.
pub(super) const BEFORE_PRONOUN: List = List(
    "driver passenger front rear back left right the this that my your his her their other same interior \
     outside inside",
);
/// Words behind which a `'s` on a noun is "is": "the back window's fogged up".
pub(super) const AFTER_IS: List = List(
    "freezing cold hot warm boiling chilly icy iced frozen fogged foggy fogging misted misty misting \
     steamed steamy steaming dirty filthy stuffy loud quiet asleep sleeping dark bright too so very really \
     getting all not",
);
/// Words that begin a question.
pub(super) const ASKING: List = List("what which who why how is are do does did should");
/// Hesitations, behind which a speaker may correct himself.
pub(super) const HESITATIONS: List = List("um uh er erm uhm umm hmm hm");
/// Words of a clause that says what is to be done by itself, without a verb in front.
pub(super) const STATES: List = List(
    "on off up down out open opened closed shut locked unlocked auto automatic higher lower warmer cooler \
     louder quieter brighter dimmer faster slower more less max maximum to at",
);
/// Words of which each turns what follows into a correction of free text: "no, Tim".
pub(super) const CORRECTIVE: List = List("no actually sorry i wait make rather");
/// Words that a corrected name does not hold.
pub(super) const NO_CORRECTION: List = List(
    "thanks thank not do good fine okay right wrong one ones other way thing really never mind need that \
     it you is was please stop wait no yes cancel just",
);
/// Words of which every mark of correction holds one.
pub(super) const MARK_WORDS: List = List(
    "no wait sorry mean meant actually rather make correction scratch oops hang hold say better bad \
     strike instead second change wrong",
);

//! One order of arrival, drawn from a seed.

use std::fmt;
use std::sync::OnceLock;

use crate::noise::noise;
use crate::post::Posting;
use crate::story::story;

/// Requests that are under way at once, at most.
const BURST_MAX: u64 = 9;

/// Everything that is posted: the genuine deliveries in file order, then the noise.
pub(crate) fn postings() -> &'static [Posting] {
    static POSTINGS: OnceLock<Vec<Posting>> = OnceLock::new();
    POSTINGS.get_or_init(|| {
        let genuine = story().deliveries.iter().map(Posting::of);
        genuine.chain(noise()).collect()
    })
}

/// What happens next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// These are posted in parallel; all are answered.
    Post(Vec<usize>),
    /// These are posted in parallel, and the server is killed meanwhile. What was not answered is posted again.
    PostAndKill(Vec<usize>),
    /// The server is stopped and started again.
    Stop,
    /// The server is killed and started again.
    Kill,
    /// Everything that can move has moved before the next step.
    Settle,
}

/// One order of arrival.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) steps: Vec<Step>,
    /// Whether the shop answers when it is asked what changed; otherwise only its webhooks tell.
    pub(crate) sweeps: bool,
}

impl Plan {
    /// The deliveries one after the other as they were captured, then the noise.
    pub(crate) fn in_file_order() -> Self {
        Self::straight(0..postings().len())
    }

    /// The last delivery first.
    pub(crate) fn reversed() -> Self {
        Self::straight((0..postings().len()).rev())
    }

    fn straight(order: impl Iterator<Item = usize>) -> Self {
        Self {
            seed: 0,
            steps: order.map(|posting| Step::Post(vec![posting])).collect(),
            sweeps: false,
        }
    }

    /// Shuffled, in bursts, with repetitions, and up to `restarts_max` restarts anywhere.
    pub(crate) fn shuffled(seed: u64, restarts_max: u64) -> Self {
        let mut random = Random(seed);
        let mut order: Vec<usize> = (0..postings().len()).collect();
        let repeated: Vec<usize> = order.iter().copied().filter(|_| random.below(4) == 0).collect();
        order.extend(repeated);
        shuffle(&mut order, &mut random);
        let mut steps = bursts(&order, &mut random);
        for _ in 0..random.below(restarts_max + 1) {
            restart(&mut steps, &mut random);
        }
        if random.below(3) == 0 {
            insert(&mut steps, Step::Settle, &mut random);
        }
        Self {
            seed,
            steps,
            sweeps: random.below(2) == 0,
        }
    }
}

fn bursts(order: &[usize], random: &mut Random) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = order;
    while !rest.is_empty() {
        let size = usize::try_from(random.below(BURST_MAX) + 1)
            .unwrap()
            .min(rest.len());
        let (burst, after) = rest.split_at(size);
        steps.push(Step::Post(burst.to_vec()));
        rest = after;
    }
    steps
}

fn restart(steps: &mut Vec<Step>, random: &mut Random) {
    match random.below(3) {
        0 => insert(steps, Step::Stop, random),
        1 => insert(steps, Step::Kill, random),
        _ => {
            let place = random.place(steps.len());
            if let Step::Post(burst) = &steps[place] {
                steps[place] = Step::PostAndKill(burst.clone());
            }
        }
    }
}

fn insert(steps: &mut Vec<Step>, step: Step, random: &mut Random) {
    let place = random.place(steps.len() + 1);
    steps.insert(place, step);
}

fn shuffle(order: &mut [usize], random: &mut Random) {
    for place in (1..order.len()).rev() {
        let other = random.place(place + 1);
        order.swap(place, other);
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = if self.sweeps {
            "webhooks and sweeps"
        } else {
            "webhooks alone"
        };
        writeln!(f, "seed {}, {source}:", self.seed)?;
        for step in &self.steps {
            let told = match step {
                Step::Post(burst) => format!("post {}", names(burst)),
                Step::PostAndKill(burst) => format!("post {} and kill the server meanwhile", names(burst)),
                Step::Stop => "stop the server and start it again".to_owned(),
                Step::Kill => "kill the server and start it again".to_owned(),
                Step::Settle => "wait until nothing moves".to_owned(),
            };
            writeln!(f, "  {told}")?;
        }
        Ok(())
    }
}

fn names(burst: &[usize]) -> String {
    let names: Vec<&str> = burst
        .iter()
        .map(|posting| postings()[*posting].name.as_str())
        .collect();
    names.join(" | ")
}

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
#[derive(Debug)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn place(&mut self, length: usize) -> usize {
        usize::try_from(self.below(u64::try_from(length).unwrap())).unwrap()
    }
}

#[test]
fn a_seed_always_draws_the_same_plan_and_loses_nothing() {
    for seed in 0..50 {
        let plan = Plan::shuffled(seed, 3);
        assert_eq!(plan.to_string(), Plan::shuffled(seed, 3).to_string());
        let posted = plan.steps.iter().flat_map(|step| match step {
            Step::Post(burst) | Step::PostAndKill(burst) => burst.clone(),
            Step::Stop | Step::Kill | Step::Settle => Vec::new(),
        });
        let posted: std::collections::BTreeSet<usize> = posted.collect();
        assert_eq!(posted.len(), postings().len());
    }
}

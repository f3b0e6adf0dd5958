//! Times promised: told once when they are broken, and nothing else.

use amends_engine::StepId;
use amends_engine::command::Verb;
use amends_engine::decide::Input;
use amends_engine::definition::{Definition, StepKind};
use amends_engine::event::{Event, InstanceEvent};
use amends_engine::instance::Stage;

use crate::course::Course;
use crate::world::build::{HOUR, MINUTE, SECOND, Shape, call, define, wait};

/// An order that is to be reserved within a minute of being placed, and over within an hour.
fn promised() -> Definition {
    let order = &[("order", "order.key")];
    let lines = &[("lines", "order.lines")];
    let steps = vec![
        call("create", StepKind::Compensatable, "erp.create_order", order)
            .undo("erp.cancel_order", &[("document", "landed.reference")])
            .promised(MINUTE),
        wait("clear", "order.cleared", 10 * HOUR).promised(30 * MINUTE),
        call("release", StepKind::Pivot, "warehouse.release", lines),
    ];
    let mut definition = define("promised", steps, Vec::new());
    definition.sla_ms = Some(HOUR);
    definition
}

/// Time passes; gives what was told late: the step, or nothing for the whole.
fn pass(course: &mut Course, ms: i64) -> Vec<Option<String>> {
    course.reached.at = course.reached.at.plus(ms);
    let events = course.take(&Input::Due).unwrap();
    let told = events.into_iter().filter_map(|event| {
        let Event::Of {
            event: InstanceEvent::SlaBreached { step, .. },
            ..
        } = event
        else {
            return None;
        };
        Some(step.map(|step: StepId| step.as_str().to_owned()))
    });
    told.collect()
}

#[test]
fn what_is_late_is_told_once() {
    let mut course = Course::of(promised());
    assert_eq!(pass(&mut course, 59 * SECOND), [], "it is not late yet");
    let create = Some("create".to_owned());
    assert_eq!(pass(&mut course, 2 * SECOND), [create]);
    assert_eq!(pass(&mut course, 58 * MINUTE), [], "it was told");
    assert_eq!(pass(&mut course, MINUTE), [None], "the whole is late");
    course.land("create");
    let clear = Some("clear".to_owned());
    assert_eq!(
        pass(&mut course, HOUR),
        [clear],
        "its time began when it was reached"
    );
    assert_eq!(course.stage(), Stage::Running, "nothing else follows");
}

#[test]
fn what_is_over_in_time_is_never_late() {
    let mut course = Course::of(promised());
    course.land("create");
    let next = course.root().next_deadline().unwrap();
    assert!(
        next <= course.reached.at.plus(30 * MINUTE),
        "the wait is promised next"
    );
    assert_eq!(pass(&mut course, 10 * MINUTE), []);
}

#[test]
fn a_hold_stops_no_promise() {
    let mut course = Course::of(promised());
    course.command(Verb::Hold).unwrap();
    assert!(course.root().next_wake().is_some(), "time alone moves it");
    assert_eq!(pass(&mut course, 2 * MINUTE), [Some("create".to_owned())]);
    assert_eq!(pass(&mut course, HOUR), [None]);
}

#[test]
fn being_undone_only_the_whole_is_still_promised() {
    let mut course = Course::of(promised());
    course.land("create");
    course.command(Verb::Compensate).unwrap();
    assert_eq!(course.stage(), Stage::Compensating);
    assert_eq!(pass(&mut course, 2 * HOUR), [None]);
}

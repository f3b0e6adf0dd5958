use proptest::prelude::*;

use super::*;

fn part() -> impl Strategy<Value = String> {
    prop_oneof!["[ab\\x00\\x01\u{ff}]{0,4}", "[a-z:]{0,12}"]
}

fn keys_of(prefix: Prefix) -> BoxedStrategy<Key> {
    match prefix {
        Prefix::Event => (part(), any::<u64>())
            .prop_map(|(root, root_sequence)| Key::Event { root, root_sequence })
            .boxed(),
        Prefix::Sequence => any::<u64>().prop_map(Key::Sequence).boxed(),
        Prefix::Snapshot => part().prop_map(|root| Key::Snapshot { root }).boxed(),
        Prefix::Due => (any::<i64>(), part())
            .prop_map(|(at_ms, root)| Key::Due { at_ms, root })
            .boxed(),
        Prefix::Blob => (part(), any::<[u8; 32]>())
            .prop_map(|(root, digest)| Key::Blob { root, digest })
            .boxed(),
        Prefix::Definition => any::<[u8; 32]>().prop_map(Key::Definition).boxed(),
        Prefix::Delivery => (part(), any::<i64>(), part())
            .prop_map(|(shop, received_ms, id)| Key::Delivery {
                shop,
                received_ms,
                id,
            })
            .boxed(),
        Prefix::Pending => part().prop_map(Key::Pending).boxed(),
        Prefix::Root => part().prop_map(Key::Root).boxed(),
        Prefix::Index => (part(), part(), part())
            .prop_map(|(name, value, root)| Key::Index { name, value, root })
            .boxed(),
        Prefix::Audit => any::<u64>().prop_map(Key::Audit).boxed(),
        Prefix::Meta => part().prop_map(Key::Meta).boxed(),
        Prefix::Archived => part().prop_map(Key::Archived).boxed(),
    }
}

fn keys() -> impl Strategy<Value = Key> {
    prop::sample::select(Prefix::ALL.to_vec()).prop_flat_map(keys_of)
}

fn two_keys() -> impl Strategy<Value = (Key, Key)> {
    prop::sample::select(Prefix::ALL.to_vec()).prop_flat_map(|prefix| (keys_of(prefix), keys_of(prefix)))
}

proptest! {
    #[test]
    fn a_stored_key_names_what_was_stored(key in keys(), partition: u16) {
        let partition = Partition(partition);
        prop_assert_eq!(key.stored(partition).parse(), Some((partition, key)));
    }

    #[test]
    fn byte_order_is_the_order_of_the_parts((one, other) in two_keys()) {
        let stored = |key: &Key| key.stored(Partition::FIRST);
        prop_assert_eq!(stored(&one).cmp(&stored(&other)), one.cmp(&other));
    }

    #[test]
    fn no_key_is_the_start_of_another((one, other) in two_keys()) {
        let (a, b) = (one.stored(Partition::FIRST), other.stored(Partition::FIRST));
        prop_assert!(one == other || !b.as_bytes().starts_with(a.as_bytes()));
    }

    #[test]
    fn any_bytes_are_a_key_or_not_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let key = StoredKey(bytes);
        if let Some((partition, name)) = key.parse() {
            prop_assert_eq!(name.stored(partition), key);
        }
    }
}

#[test]
fn names_read_well() {
    let check = |key: Key, expect: &str| assert_eq!(key.stored(Partition(3)).to_string(), expect);
    check(
        Key::Event {
            root: "eu-shop:16".into(),
            root_sequence: 3,
        },
        "e/eu-shop:16/3",
    );
    check(
        Key::Due {
            at_ms: -5,
            root: "x".into(),
        },
        "w/-5/x",
    );
    check(Key::identity(), "m/identity");
    check(
        Key::Blob {
            root: "x".into(),
            digest: [0xAB; 32],
        },
        &format!("b/x/{}", "ab".repeat(32)),
    );
    assert_eq!(StoredKey(vec![0xFF, 0x00]).to_string(), "ff00");
}

#[test]
fn derived_prefixes_are_the_four_that_can_be_folded_again() {
    let derived: Vec<char> = Prefix::ALL
        .iter()
        .filter(|p| p.is_derived())
        .map(|p| char::from(p.byte()))
        .collect();
    assert_eq!(derived, ['i', 'r', 's', 'w']);
}

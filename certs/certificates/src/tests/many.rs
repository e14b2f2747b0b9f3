//! Certificates on one subject of an answer about many: every yes becomes one, nothing else does,
//! and nothing of the other subjects is in it.

use serde_json::Map;
use zerotrip_proto::v1::subject_answer::Outcome as Said;
use zerotrip_proto::v1::{
    CheckManyBody, FactTerms, ManyAnswered, Reason, SubjectAnswer, SubjectLeaf, SubjectNo,
    SubjectProof, SubjectUnavailable, SubjectYes,
};
use zerotrip_trust::merkle::WholeTree;
use zerotrip_trust::subject_list::SubjectTree;

use super::*;
use crate::sdjwt;

type Plain = Map<String, Value>;

/// What each subject's question came to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Yes,
    No,
    Unavailable,
}
use Kind::{No, Unavailable as Open, Yes};

/// An exchange about many, as its requester has it.
struct Exchange<'w> {
    world: &'w World,
    request: Vec<u8>,
    list: SubjectTree,
    secret: [u8; 32],
    leaves: Vec<SubjectLeaf>,
    tree: WholeTree,
    facts: Vec<Fact>,
    reply: ExchangeReply,
}

fn name(place: usize) -> String {
    format!("subject-{place:04}")
}

fn since() -> FactTerms {
    FactTerms { name: "since".into(), r#type: "date".into(), ..FactTerms::default() }
}

impl<'w> Exchange<'w> {
    fn new(world: &'w World, kinds: &[Kind]) -> Self {
        let names: Vec<String> = (0..kinds.len()).map(name).collect();
        let list = SubjectTree::new(&[3; 32], names.iter().map(String::as_str));
        let count = kinds.len() as u32;
        let body = CheckManyBody {
            check: "no-property".into(),
            variant: "couple".into(),
            parameters: Vec::new(),
            subject_parameter: "applicant".into(),
            subjects: count,
            subjects_root: list.root().to_vec(),
        };
        let mut asked = Request::decode(&*request()).unwrap();
        asked.body = Some(RequestBody::CheckMany(body));
        let request = asked.encode_to_vec();
        let secret = zerotrip_trust::digest::random().unwrap();
        let facts = vec![Fact::read(&since(), &json!("2020-01-02")).unwrap()];
        let leaf = |(place, kind): (usize, &Kind)| {
            let disclosures = SubjectDisclosures::new(&secret, place as u64);
            let outcome = match kind {
                Kind::Yes => {
                    let shown = list.show(&[(place as u64, &names[place])]).unwrap();
                    Said::Yes(SubjectYes {
                        sources: vec![0, 1],
                        fact_digests: digests_of(&disclosures.facts(&facts)),
                        request_digest: sdjwt::digest_of(&disclosures.request(&request, shown))
                            .to_vec(),
                    })
                }
                Kind::No => Said::No(SubjectNo { reasons: vec!["PROPERTY_FOUND".into()] }),
                Kind::Unavailable => Said::Unavailable(SubjectUnavailable::default()),
            };
            let who = disclosures.subject("applicant", &names[place]);
            let answer = SubjectAnswer {
                subject_digest: sdjwt::digest_of(&who).to_vec(),
                outcome: Some(outcome),
                fact_commitment: vec![place as u8; 32],
            };
            SubjectLeaf {
                salt: sha256(names[place].as_bytes()).to_vec(),
                payload: answer.encode_to_vec(),
                subject: names[place].clone(),
                facts: Vec::new(),
            }
        };
        let leaves: Vec<SubjectLeaf> = kinds.iter().enumerate().map(leaf).collect();
        let tree =
            WholeTree::new(leaves.iter().map(|one| subject_leaf_hash(&one.salt, &one.payload)));
        let fixed = fix(&world.definition, "couple", &request, &claims()).unwrap().unwrap();
        let single = world.answer();
        let many = ManyAnswered {
            subjects: count,
            root: tree.root().to_vec(),
            claims: claims(),
            sources: single.sources.clone(),
            reasons: vec![Reason { code: "PROPERTY_FOUND".into(), ..Reason::default() }],
            facts: vec![since()],
        };
        let answer = Answer {
            request_commitment: commit(hash_domain::REQUEST, &[6; 32], &request).to_vec(),
            sources: Vec::new(),
            certificate: Some(fixed.terms),
            outcome: Some(Outcome::Many(many)),
            ..single
        };
        let reply = ExchangeReply {
            openings: fixed.openings,
            ..world.reply_to_many(&answer, count, &tree.root())
        };
        Self { world, request, list, secret, leaves, tree, facts, reply }
    }

    fn proof(&self, place: usize) -> SubjectProof {
        let path = self.tree.inclusion_path(place as u64).unwrap();
        subject_proof(place as u64, &self.leaves[place], &path)
    }

    /// All that the requester can open of a subject.
    fn openings(&self, place: usize) -> Vec<String> {
        let disclosures = SubjectDisclosures::new(&self.secret, place as u64);
        let shown = self.list.show(&[(place as u64, &name(place))]).unwrap();
        let own = vec![
            disclosures.subject("applicant", &name(place)),
            disclosures.request(&self.request, shown),
        ];
        [own, disclosures.facts(&self.facts)].concat()
    }

    fn affirmed(&self, place: usize) -> Result<Affirmed, NoGrounds> {
        let one = OneOfMany { proof: self.proof(place), openings: self.openings(place) };
        Affirmed::one_of_many(self.world.prove(self.reply.clone()).unwrap(), one)
    }

    fn content(&self, affirmed: &Affirmed) -> Result<CertificateContent, SealError> {
        CertificateContent::try_new(affirmed, &self.request, &self.world.definition)
    }

    fn sealed(&self, place: usize) -> String {
        let content = self.content(&self.affirmed(place).unwrap()).unwrap();
        seal(&content, &self.world.seal, at(110)).unwrap().token
    }
}

impl World {
    fn reply_to_many(&self, answer: &Answer, subjects: u32, root: &[u8]) -> ExchangeReply {
        let salt = vec![9; 32];
        let Some(Outcome::Many(many)) = &answer.outcome else { panic!("another outcome") };
        let completion = Completion {
            outcome: ExchangeOutcome::AnsweredMany.into(),
            receipt_commitments: many
                .sources
                .iter()
                .map(|source| source.receipt_commitment.clone())
                .collect(),
            subjects,
            subjects_root: root.to_vec(),
            ..Self::completion(answer, &salt)
        };
        ExchangeReply {
            receipt: Some(self.receipt(Body::Completion(completion))),
            ..self.reply_to(answer)
        }
    }
}

/// The signed claims of a certificate, and its disclosures.
fn parts(token: &str) -> (Plain, Vec<String>) {
    let payload = token.split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    let Value::Object(mut plain) = claims else { panic!("no object") };
    plain.remove("_sd");
    plain.remove("_sd_alg");
    let read = SdJwt::parse(token).unwrap();
    let disclosures = read.disclosures().map(|(_, encoded)| encoded.to_owned()).collect();
    (plain, disclosures)
}

/// How a certificate is judged that its own issuer put together of these: by the directory, which
/// says the same as the published keys; and that it is refused without its disclosures too.
fn judged(world: &World, plain: Plain, disclosures: &[String]) -> CertificateError {
    let directory = world.directory(|_| ());
    let keys = JwkSet::parse(&directory.jwks().to_string()).unwrap();
    let token = sdjwt::issue_encoded(&world.seal, plain, disclosures).unwrap();
    let judge = |token: &str, root| verify(token, root, at(200)).unwrap_err();
    let whole = token.to_string();
    let error = judge(&whole, TrustRoot::Directory(&directory));
    assert_eq!(error, judge(&whole, TrustRoot::Keys(&keys)));
    judge(&token.present(&[]).unwrap().to_string(), TrustRoot::Directory(&directory));
    error
}

fn put_subject(plain: &mut Plain, proof: &SubjectProof) {
    let encoded = |bytes: &Vec<u8>| URL_SAFE_NO_PAD.encode(bytes);
    plain["evidence"]["subject"] = json!({
        "place": proof.place,
        "salt": encoded(&proof.salt),
        "answer": encoded(&proof.payload),
        "path": proof.path.iter().map(encoded).collect::<Vec<_>>(),
    });
}

/// The reply of another exchange in the place of a certificate's own.
fn put_reply(plain: &mut Plain, reply: &ExchangeReply) {
    let receipt = reply.receipt.clone().unwrap();
    let opening = receipt.opening.unwrap();
    let answer = reply.answer.clone().unwrap().encode_to_vec();
    let evidence = &mut plain["evidence"];
    evidence["answer"] = URL_SAFE_NO_PAD.encode(answer).into();
    evidence["receipt"]["entry"] = URL_SAFE_NO_PAD.encode(receipt.entry).into();
    evidence["receipt"]["checkpoint"] = receipt.checkpoint.into();
    evidence["receipt"]["salt"] = URL_SAFE_NO_PAD.encode(opening.salt).into();
    evidence["receipt"]["content"] = URL_SAFE_NO_PAD.encode(opening.content).into();
}

#[test]
fn a_certificate_on_one_of_many_shows_what_one_on_one_does() {
    let world = World::new();
    let exchange = Exchange::new(&world, &[No, Yes, Open, Yes, Yes]);
    let directory = world.directory(|_| ());
    let token = exchange.sealed(3);
    let shown = verify(&token, TrustRoot::Directory(&directory), at(200)).unwrap();
    assert_eq!(shown.disclosed.claims["applicant"], name(3));
    assert_eq!(shown.disclosed.claims["case_number"], "case-7");
    assert_eq!((shown.disclosed.request, shown.disclosed.facts.len()), (true, 1));
    assert_eq!(shown.evidence.among, Some(Among { place: 3, subjects: 5 }));
    assert_eq!((shown.evidence.index, shown.sources.len()), (5, 2));
    let alone = verify(&world.sealed().token, TrustRoot::Directory(&directory), at(200)).unwrap();
    assert_eq!(
        (shown.statement, shown.scope, shown.vct, shown.valid_until),
        (alone.statement, alone.scope, alone.vct, alone.valid_until)
    );
    assert_eq!(alone.evidence.among, None);
    // Whatever its holder withholds.
    let read = SdJwt::parse(&token).unwrap();
    let without = |names: &[&str]| {
        let kept: Vec<&str> = ["applicant", "case_number", "purpose", "request", "since"]
            .into_iter()
            .filter(|one| !names.contains(one))
            .collect();
        let token = read.present(&kept).unwrap().to_string();
        verify(&token, TrustRoot::Directory(&directory), at(200)).unwrap().disclosed
    };
    assert_eq!(without(&["request", "since"]).claims["applicant"], name(3));
    let unnamed = without(&["request", "applicant"]);
    assert!(!unnamed.names_subject());
    assert_eq!((unnamed.withheld_parameters, unnamed.withheld_facts), (1, 0));
    // The request names the subject, and proves that it is in the list that was signed.
    assert_eq!(without(&["applicant"]).claims["applicant"], name(3));
}

#[test]
fn a_list_of_one_is_a_list() {
    let world = World::new();
    let exchange = Exchange::new(&world, &[Yes]);
    let token = exchange.sealed(0);
    let directory = world.directory(|_| ());
    let shown = verify(&token, TrustRoot::Directory(&directory), at(200)).unwrap();
    assert_eq!(shown.evidence.among, Some(Among { place: 0, subjects: 1 }));
    let (plain, disclosures) = parts(&token);
    assert_eq!(plain["evidence"]["subject"]["path"], json!([]));
    let mut longer = plain.clone();
    longer["evidence"]["subject"]["path"] = json!([URL_SAFE_NO_PAD.encode([0; 32])]);
    let wrong = SubjectError::Proof(ProofError::WrongLength).into();
    assert_eq!(judged(&world, longer, &disclosures), wrong);
}

/// Every change that the issuing organ itself, which has the whole answer, can make.
#[test]
fn a_part_that_is_moved_swapped_or_altered_is_refused_by_name() {
    let world = World::new();
    let kinds = [Yes, No, Yes, Open, Yes, No, Yes];
    let exchange = Exchange::new(&world, &kinds);
    let elsewhere = Exchange::new(&world, &kinds);
    let (plain, disclosures) = parts(&exchange.sealed(2));
    let refused = |change: &dyn Fn(&mut SubjectProof)| {
        let (mut plain, mut proof) = (plain.clone(), exchange.proof(2));
        change(&mut proof);
        put_subject(&mut plain, &proof);
        judged(&world, plain, &disclosures)
    };
    let wrong = |why: ProofError| CertificateError::from(SubjectError::Proof(why));
    for place in [0, 1, 3, 5] {
        assert_eq!(refused(&|proof| proof.place = place), wrong(ProofError::WrongRoot), "{place}");
    }
    // The last place of seven has a shorter path; and there is no eighth.
    assert_eq!(refused(&|proof| proof.place = 6), wrong(ProofError::WrongLength));
    for place in [7, u64::MAX] {
        assert_eq!(refused(&|proof| proof.place = place), wrong(ProofError::OutOfRange));
    }
    // Another subject's part: a yes, with all of this one's disclosures; a no, and an unavailable.
    let other = CertificateError::OtherDisclosure("applicant".into());
    assert_eq!(refused(&|proof| *proof = exchange.proof(4)), other);
    for place in [1, 3] {
        let error = refused(&|proof| *proof = exchange.proof(place));
        assert_eq!(error, CertificateError::NotAffirmed, "{place}");
    }
    // A part and a path of another exchange; a path stripped, or of other digests.
    assert_eq!(refused(&|proof| *proof = elsewhere.proof(2)), wrong(ProofError::WrongRoot));
    let path = elsewhere.proof(2).path;
    assert_eq!(refused(&|proof| proof.path = path.clone()), wrong(ProofError::WrongRoot));
    assert_eq!(refused(&|proof| proof.path = Vec::new()), wrong(ProofError::WrongLength));
    assert_eq!(refused(&|proof| drop(proof.path.pop())), wrong(ProofError::WrongLength));
    assert_eq!(refused(&|proof| proof.path[0].truncate(31)), wrong(ProofError::WrongLength));
    assert_eq!(refused(&|proof| proof.path.reverse()), wrong(ProofError::WrongRoot));
    // What the part says.
    let yes = SubjectAnswer::decode(&*exchange.proof(2).payload).unwrap().outcome;
    let forged = |place: usize| {
        let read = SubjectAnswer::decode(&*exchange.proof(place).payload).unwrap();
        let forged = SubjectAnswer { outcome: yes.clone(), ..read };
        SubjectProof { payload: forged.encode_to_vec(), ..exchange.proof(place) }
    };
    assert_eq!(refused(&|proof| *proof = forged(1)), wrong(ProofError::WrongRoot));
    assert_eq!(refused(&|proof| proof.payload.push(0)), wrong(ProofError::WrongRoot));
    assert_eq!(refused(&|proof| proof.salt = vec![1; 32]), wrong(ProofError::WrongRoot));
    // The answer of another exchange, over this one's part.
    let mut swapped = plain.clone();
    put_reply(&mut swapped, &elsewhere.reply);
    assert_eq!(judged(&world, swapped, &disclosures), wrong(ProofError::WrongRoot));
    // Without a part, with more than one has, or half of one.
    let with = |change: &dyn Fn(&mut Value)| {
        let mut plain = plain.clone();
        change(&mut plain["evidence"]);
        judged(&world, plain, &disclosures)
    };
    let without = with(&|evidence| drop(evidence.as_object_mut().unwrap().remove("subject")));
    assert_eq!(without, SubjectError::Missing.into());
    let more = with(&|evidence| evidence["subject"]["note"] = 1.into());
    assert_eq!(more, CertificateError::Surplus("note".into()));
    for half in [json!({}), json!(null), json!([])] {
        let error = with(&|evidence| evidence["subject"] = half.clone());
        assert_eq!(error, CertificateError::Claim("evidence"), "{half}");
    }
}

#[test]
fn an_answer_about_one_is_none_about_many_and_the_other_way_round() {
    let world = World::new();
    let exchange = Exchange::new(&world, &[Yes, Yes]);
    let (mut alone, disclosures) = world.parts();
    put_subject(&mut alone, &exchange.proof(0));
    assert_eq!(judged(&world, alone.clone(), &disclosures), SubjectError::Surplus.into());
    put_reply(&mut alone, &exchange.reply);
    assert!(matches!(judged(&world, alone, &disclosures), CertificateError::Terms(_)));
    let (mut many, disclosures) = parts(&exchange.sealed(0));
    put_reply(&mut many, &world.reply_to(&world.answer()));
    assert_eq!(judged(&world, many, &disclosures), SubjectError::Surplus.into());
    // Nor by the types.
    let proven = world.prove(exchange.reply.clone()).unwrap();
    assert_eq!(Affirmed::try_new(proven).unwrap_err(), NotAffirmed);
    let one = OneOfMany { proof: exchange.proof(0), openings: exchange.openings(0) };
    let single = world.prove(world.reply_to(&world.answer())).unwrap();
    let refused = Affirmed::one_of_many(single, one).unwrap_err();
    assert_eq!(refused, SubjectError::Surplus.into());
}

/// What hub and requester can put together, each by itself.
#[test]
fn a_part_that_does_not_hold_together_says_nothing() {
    let world = World::new();
    let exchange = Exchange::new(&world, &[Yes, Yes]);
    let Some(Outcome::Many(many)) =
        world.prove(exchange.reply.clone()).unwrap().answer().outcome.clone()
    else {
        panic!("another outcome")
    };
    let leaf = &exchange.leaves[0];
    let real = SubjectAnswer::decode(&*leaf.payload).unwrap();
    let Some(Said::Yes(yes)) = real.outcome.clone() else { panic!("no yes") };
    let said = |change: &dyn Fn(&mut SubjectAnswer)| {
        let mut answer = real.clone();
        change(&mut answer);
        read_subject(&many, &leaf.salt, &answer.encode_to_vec()).is_some()
    };
    let yes_with = |change: &dyn Fn(&mut SubjectYes)| {
        let mut yes = yes.clone();
        change(&mut yes);
        said(&|answer| answer.outcome = Some(Said::Yes(yes.clone())))
    };
    assert!(said(&|_| ()) && yes_with(&|yes| yes.sources = vec![1]));
    for sources in [vec![], vec![2], vec![1, 0], vec![0, 0], vec![u32::MAX]] {
        assert!(!yes_with(&|yes| yes.sources = sources.clone()), "{sources:?}");
    }
    for digests in [vec![], vec![vec![1; 31]], vec![vec![1; 32], vec![2; 32]]] {
        assert!(!yes_with(&|yes| yes.fact_digests = digests.clone()), "{digests:?}");
    }
    assert!(!yes_with(&|yes| yes.request_digest = Vec::new()));
    assert!(!said(&|answer| answer.subject_digest = vec![1; 31]));
    assert!(!said(&|answer| answer.fact_commitment = Vec::new()));
    assert!(!said(&|answer| answer.outcome = None));
    let no = |reasons: &[&str]| {
        let reasons = reasons.iter().map(|code| (*code).to_owned()).collect();
        said(&|answer| answer.outcome = Some(Said::No(SubjectNo { reasons: Vec::clone(&reasons) })))
    };
    assert!(no(&["PROPERTY_FOUND"]) && !no(&[]) && !no(&["OTHER"]));
    assert!(read_subject(&many, &leaf.salt[1..], &leaf.payload).is_none());
    assert!(read_subject(&many, &leaf.salt, b"\xff").is_none());
    // What is sealed is what the leaf fixes: with another's openings, fewer, or more, it is not.
    let sealed = |openings: Vec<String>, request: &[u8]| {
        let one = OneOfMany { proof: exchange.proof(0), openings };
        let proven = world.prove(exchange.reply.clone()).unwrap();
        let affirmed = Affirmed::one_of_many(proven, one).unwrap();
        CertificateContent::try_new(&affirmed, request, &world.definition).map(drop)
    };
    let (own, others) = (exchange.openings(0), exchange.openings(1));
    assert_eq!(sealed(own.clone(), &exchange.request), Ok(()));
    assert_eq!(sealed(own.clone(), &request()), Err(SealError::OtherRequest));
    let mut swapped = own.clone();
    swapped[0].clone_from(&others[0]);
    let foreign = |name: &str| Err(SealError::Terms(TermsError::Foreign(name.into())));
    assert_eq!(sealed(swapped, &exchange.request), foreign("applicant"));
    let mut swapped = own.clone();
    swapped[1].clone_from(&others[1]);
    // It shows another place of the list.
    assert_eq!(sealed(swapped, &exchange.request), Err(SealError::NoCheck));
    assert_eq!(sealed(own[1..].to_vec(), &exchange.request), Err(TermsError::Incomplete.into()));
    assert_eq!(sealed(own[..1].to_vec(), &exchange.request), Err(SealError::NoCheck));
    let twice = [own.clone(), own[..1].to_vec()].concat();
    let doubled = Err(TermsError::Twice("applicant".into()).into());
    assert_eq!(sealed(twice, &exchange.request), doubled);
}

/// The hub fixes, for the subject itself, a request that shows another place, or another list.
#[test]
fn a_request_that_does_not_name_the_subject_is_not_shown_as_its_own() {
    let world = World::new();
    let exchange = Exchange::new(&world, &[Yes, Yes, Yes]);
    let among = |place| Some(Among { place, subjects: 3 });
    let shown = |place: usize| {
        let opening = &exchange.openings(place)[1];
        let (_, value) = sdjwt::opened(opening).unwrap();
        URL_SAFE_NO_PAD.decode(value.as_str().unwrap()).unwrap()
    };
    use crate::grounds::Asked;
    let asked = Asked::shown(&shown(1), among(1)).unwrap();
    assert_eq!(asked.parameters.last().unwrap().value, name(1));
    assert!(Asked::shown(&shown(0), among(1)).is_none());
    assert!(Asked::shown(&shown(1), Some(Among { place: 1, subjects: 4 })).is_none());
    assert!(Asked::shown(&shown(1), None).is_none());
    assert!(Asked::shown(&exchange.request, among(1)).is_none());
    assert!(Asked::shown(&exchange.request, None).is_none());
    let altered = |change: &dyn Fn(&mut zerotrip_proto::v1::ShownSubjects)| {
        let mut message = zerotrip_proto::v1::ShownRequest::decode(&*shown(1)).unwrap();
        change(message.subject.as_mut().unwrap());
        Asked::shown(&message.encode_to_vec(), among(1)).is_none()
    };
    assert!(!altered(&|_| ()));
    assert!(altered(&|subject| subject.subjects[0] = name(2)));
    assert!(altered(&|subject| subject.salts[0] = vec![1; 32]));
    assert!(altered(&|subject| drop(subject.path.pop())));
    assert!(altered(&|subject| subject.places.push(2)));
    assert!(altered(&|subject| subject.places.clear()));
}

/// Every text and message in a certificate, as far as it can be taken apart.
fn taken_apart(value: &Value, into: &mut Vec<u8>) {
    match value {
        Value::String(text) => {
            into.extend(text.as_bytes());
            if let Ok(bytes) = URL_SAFE_NO_PAD.decode(text) {
                into.extend(&bytes);
                if let Ok(inner) = serde_json::from_slice(&bytes) {
                    taken_apart(&inner, into);
                }
            }
        }
        Value::Array(parts) => parts.iter().for_each(|part| taken_apart(part, into)),
        Value::Object(members) => members.values().for_each(|part| taken_apart(part, into)),
        _ => {}
    }
}

#[test]
fn nothing_of_other_subjects_is_in_a_certificate() {
    let world = World::new();
    let lists = [
        vec![Yes, No, Yes, Open, Yes, No, Yes],
        vec![No, No, Yes, No, No, No, No],
        vec![Yes; 7],
        vec![Open, Open, Yes, Open, Open, Open, Open],
    ];
    let mut lengths = std::collections::BTreeSet::new();
    for kinds in lists {
        let token = Exchange::new(&world, &kinds).sealed(2);
        lengths.insert(token.len());
        let (plain, disclosures) = parts(&token);
        let mut bytes = Vec::new();
        taken_apart(&Value::Object(plain), &mut bytes);
        disclosures.iter().for_each(|one| taken_apart(&one.as_str().into(), &mut bytes));
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.contains(&name(2)));
        for other in [0, 1, 3, 4, 5, 6] {
            assert!(!text.contains(&name(other)), "{kinds:?}: {other}");
        }
    }
    // Whatever the others' outcomes: its size is that of the list's size.
    assert_eq!(lengths.len(), 1, "{lengths:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn every_yes_of_a_list_is_certified_and_nobody_else(
        kinds in prop::collection::vec(prop_oneof![Just(Yes), Just(No), Just(Open)], 1..20),
        other in any::<prop::sample::Index>(),
    ) {
        let world = World::new();
        let exchange = Exchange::new(&world, &kinds);
        let directory = world.directory(|_| ());
        for (place, kind) in kinds.iter().enumerate() {
            if *kind != Yes {
                prop_assert_eq!(exchange.affirmed(place).unwrap_err(), NoGrounds::NotAffirmed);
                continue;
            }
            let token = exchange.sealed(place);
            let shown = verify(&token, TrustRoot::Directory(&directory), at(200)).unwrap();
            prop_assert_eq!(&shown.disclosed.claims["applicant"], &name(place));
            // By no other part is it anybody's.
            let other = other.index(kinds.len());
            if other != place {
                let (mut plain, disclosures) = parts(&token);
                put_subject(&mut plain, &exchange.proof(other));
                judged(&world, plain, &disclosures);
            }
        }
    }
}

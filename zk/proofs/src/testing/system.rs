//! A constraint system that keeps every row and every use of a variable, for tests of soundness.
//!
//! Goal: say exactly which values a variable may take beside its own, which variables follow from
//! which, and which rows an assignment breaks. The answers are algebra on the rows, not samples.

use std::collections::BTreeMap;

use bellpepper_core::{ConstraintSystem, Index, LinearCombination, SynthesisError, Variable};
use bellperson::Circuit;
use blstrs::Scalar;
use ff::Field;

/// Steps inside one C8, which the names of groups leave out.
const ROUNDS: [&str; 2] = ["full round", "partial round"];

/// One side of a row: its coefficients and its value.
#[derive(Clone, Debug, Default)]
struct Side {
    terms: Vec<(Index, Scalar)>,
    value: Scalar,
}

#[derive(Clone, Debug)]
struct Row {
    name: String,
    sides: [Side; 3],
}

/// What a row says about one of its variables while the others keep their values: changing the
/// variable by `d` changes `a·b − c` by `linear·d + quadratic·d²`.
#[derive(Clone, Copy, Debug)]
struct Use {
    row: usize,
    linear: Scalar,
    quadratic: Scalar,
}

impl Use {
    /// Whether some change of the variable breaks the row.
    fn binds(&self) -> bool {
        self.linear != Scalar::ZERO || self.quadratic != Scalar::ZERO
    }
}

/// Which values a variable may take while all others keep theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Freedom {
    /// Only its own.
    Bound,
    /// One more.
    Two,
    /// Every value.
    Free,
}

/// A circuit with an assignment.
#[derive(Debug)]
pub(crate) struct System {
    namespace: Vec<String>,
    inputs: Vec<(Scalar, String)>,
    aux: Vec<(Scalar, String)>,
    rows: Vec<Row>,
}

/// A name with `#` for numbers, cut where a hash begins.
pub(crate) fn pattern(name: &str) -> String {
    let mut parts = Vec::new();
    for part in name.split('/') {
        if ROUNDS.iter().any(|round| part.starts_with(round)) {
            parts.push("rounds".to_owned());
            break;
        }
        let mut text = String::new();
        for letter in part.chars() {
            match letter.is_ascii_digit() {
                true if text.ends_with('#') => {}
                true => text.push('#'),
                false => text.push(letter),
            }
        }
        parts.push(text);
    }
    parts.join("/")
}

impl System {
    /// Synthesizes `circuit` with its values.
    pub(crate) fn of(circuit: impl Circuit<Scalar>) -> Self {
        let mut system = Self {
            namespace: Vec::new(),
            inputs: vec![(Scalar::ONE, "ONE".to_owned())],
            aux: Vec::new(),
            rows: Vec::new(),
        };
        circuit.synthesize(&mut system).unwrap();
        for row in &mut system.rows {
            for side in &mut row.sides {
                side.value = side
                    .terms
                    .iter()
                    .map(|(index, coefficient)| match index {
                        Index::Input(i) => system.inputs[*i].0 * coefficient,
                        Index::Aux(i) => system.aux[*i].0 * coefficient,
                    })
                    .sum();
            }
        }
        system
    }

    /// Groups of the rows that do not hold.
    pub(crate) fn broken(&self) -> Vec<String> {
        let mut groups: Vec<_> = self
            .rows
            .iter()
            .filter(|row| row.sides[0].value * row.sides[1].value != row.sides[2].value)
            .map(|row| pattern(&row.name))
            .collect();
        groups.sort();
        groups.dedup();
        groups
    }

    /// Rows per group.
    pub(crate) fn groups(&self) -> BTreeMap<String, usize> {
        let mut groups = BTreeMap::new();
        for row in &self.rows {
            *groups.entry(pattern(&row.name)).or_default() += 1;
        }
        groups
    }

    /// Uses of each private variable, then of the statement.
    fn uses(&self) -> Vec<Vec<Use>> {
        let mut uses = vec![Vec::new(); self.aux.len() + 1];
        for (number, row) in self.rows.iter().enumerate() {
            let mut terms: BTreeMap<usize, [Scalar; 3]> = BTreeMap::new();
            for (side, values) in row.sides.iter().enumerate() {
                for (index, coefficient) in &values.terms {
                    let place = match index {
                        Index::Input(0) => continue,
                        Index::Input(_) => self.aux.len(),
                        Index::Aux(i) => *i,
                    };
                    terms.entry(place).or_default()[side] += coefficient;
                }
            }
            let [a, b, _] = row.sides.each_ref().map(|side| side.value);
            for (place, [in_a, in_b, in_c]) in terms {
                uses[place].push(Use {
                    row: number,
                    linear: a * in_b + b * in_a - in_c,
                    quadratic: in_a * in_b,
                });
            }
        }
        uses
    }

    /// Private variables that may take another value than their own while all others stay.
    pub(crate) fn loose(&self) -> Vec<&str> {
        assert_eq!(self.broken(), Vec::<String>::new());
        let uses = self.uses();
        self.aux
            .iter()
            .zip(&uses)
            .filter(|(_, uses)| freedom(uses) != Freedom::Bound)
            .map(|((_, name), _)| name.as_str())
            .collect()
    }

    /// Rows that no change of a single variable breaks.
    pub(crate) fn idle_rows(&self) -> Vec<&str> {
        let mut idle = vec![true; self.rows.len()];
        for usage in self.uses().iter().flatten().filter(|usage| usage.binds()) {
            idle[usage.row] = false;
        }
        let rows = self.rows.iter().zip(idle);
        rows.filter_map(|(row, idle)| idle.then_some(row.name.as_str()))
            .collect()
    }

    /// Private variables that do not follow from the statement and the variables named in `given`
    /// (by pattern): going through the rows, none ever has the variable as its only unknown.
    pub(crate) fn undetermined(&self, given: &[&str]) -> Vec<&str> {
        let uses = self.uses();
        let known = |name: &str| given.contains(&pattern(name).as_str());
        let mut unknown: Vec<bool> = self.aux.iter().map(|(_, name)| !known(name)).collect();
        let mut unknowns_of = vec![Vec::new(); self.rows.len()];
        for (variable, uses) in uses[..self.aux.len()].iter().enumerate() {
            if unknown[variable] {
                for usage in uses {
                    unknowns_of[usage.row].push((variable, usage.binds()));
                }
            }
        }
        let mut left: Vec<usize> = unknowns_of.iter().map(Vec::len).collect();
        let mut ready: Vec<usize> = (0..left.len()).filter(|row| left[*row] == 1).collect();
        while let Some(row) = ready.pop() {
            let last = unknowns_of[row].iter().find(|(at, _)| unknown[*at]);
            let Some((variable, true)) = last.copied() else {
                continue;
            };
            unknown[variable] = false;
            for usage in &uses[variable] {
                left[usage.row] -= 1;
                if left[usage.row] == 1 {
                    ready.push(usage.row);
                }
            }
        }
        let names = self.aux.iter().zip(unknown);
        names
            .filter_map(|((_, name), unknown)| unknown.then_some(name.as_str()))
            .collect()
    }

    fn path(&self, name: String) -> String {
        let mut path = self.namespace.join("/");
        if !path.is_empty() {
            path.push('/');
        }
        path + &name
    }
}

/// The common roots of what all rows say: 0 always is one.
fn freedom(uses: &[Use]) -> Freedom {
    let mut other: Option<Scalar> = None;
    for usage in uses.iter().filter(|usage| usage.binds()) {
        let Some(scale) = Option::<Scalar>::from(usage.quadratic.invert()) else {
            return Freedom::Bound;
        };
        let root = -usage.linear * scale;
        if root == Scalar::ZERO || other.is_some_and(|other| other != root) {
            return Freedom::Bound;
        }
        other = Some(root);
    }
    match other {
        Some(_) => Freedom::Two,
        None => Freedom::Free,
    }
}

fn terms(combination: &LinearCombination<Scalar>) -> Side {
    Side {
        terms: combination
            .iter()
            .map(|(variable, coefficient)| (variable.get_unchecked(), *coefficient))
            .collect(),
        value: Scalar::ZERO,
    }
}

impl ConstraintSystem<Scalar> for System {
    type Root = Self;

    fn alloc<F, A, AR>(&mut self, annotation: A, f: F) -> Result<Variable, SynthesisError>
    where
        F: FnOnce() -> Result<Scalar, SynthesisError>,
        A: FnOnce() -> AR,
        AR: Into<String>,
    {
        let name = self.path(annotation().into());
        self.aux.push((f()?, name));
        Ok(Variable::new_unchecked(Index::Aux(self.aux.len() - 1)))
    }

    fn alloc_input<F, A, AR>(&mut self, annotation: A, f: F) -> Result<Variable, SynthesisError>
    where
        F: FnOnce() -> Result<Scalar, SynthesisError>,
        A: FnOnce() -> AR,
        AR: Into<String>,
    {
        let name = self.path(annotation().into());
        self.inputs.push((f()?, name));
        Ok(Variable::new_unchecked(Index::Input(self.inputs.len() - 1)))
    }

    fn enforce<A, AR, LA, LB, LC>(&mut self, annotation: A, a: LA, b: LB, c: LC)
    where
        A: FnOnce() -> AR,
        AR: Into<String>,
        LA: FnOnce(LinearCombination<Scalar>) -> LinearCombination<Scalar>,
        LB: FnOnce(LinearCombination<Scalar>) -> LinearCombination<Scalar>,
        LC: FnOnce(LinearCombination<Scalar>) -> LinearCombination<Scalar>,
    {
        let name = self.path(annotation().into());
        let sides = [
            terms(&a(LinearCombination::zero())),
            terms(&b(LinearCombination::zero())),
            terms(&c(LinearCombination::zero())),
        ];
        self.rows.push(Row { name, sides });
    }

    fn push_namespace<NR, N>(&mut self, name_fn: N)
    where
        NR: Into<String>,
        N: FnOnce() -> NR,
    {
        self.namespace.push(name_fn().into());
    }

    fn pop_namespace(&mut self) {
        self.namespace.pop();
    }

    fn get_root(&mut self) -> &mut Self::Root {
        self
    }
}

/// `x` is a bit; `y = x·w`; `u·z = 0` with `u = 0`, so that `z` is free.
struct Sample;

impl Circuit<Scalar> for Sample {
    fn synthesize<CS: ConstraintSystem<Scalar>>(self, cs: &mut CS) -> Result<(), SynthesisError> {
        let mut private = |name: &str, value: u64| {
            let value = Scalar::from(value);
            cs.alloc(|| name.to_owned(), || Ok(value))
        };
        let [x, y, w] = [private("x 1", 1)?, private("y", 5)?, private("w", 5)?];
        let [u, z] = [private("u", 0)?, private("z", 9)?];
        cs.enforce(|| "bit 1", |lc| lc + x, |lc| lc + CS::one() - x, |lc| lc);
        cs.enforce(|| "product", |lc| lc + x, |lc| lc + w, |lc| lc + y);
        cs.enforce(|| "zero", |lc| lc + u, |lc| lc + z, |lc| lc);
        cs.enforce(|| "nothing", |lc| lc, |lc| lc + z, |lc| lc);
        Ok(())
    }
}

#[test]
fn loose_variables_and_idle_rows_are_found() {
    let system = System::of(Sample);
    assert_eq!(system.broken(), Vec::<String>::new());
    assert_eq!(system.loose(), ["z"]);
    assert_eq!(system.idle_rows(), ["nothing"]);
    // The bit has finitely many values; `y` follows from it and `w`; nothing says what `z` is.
    assert_eq!(system.undetermined(&["w"]), ["u", "z"]);
    assert_eq!(system.undetermined(&["w", "z"]), Vec::<&str>::new());
    assert_eq!(system.undetermined(&[]), ["y", "w", "u", "z"]);
    assert_eq!(system.groups()["bit #"], 1);
    assert_eq!(pattern("a 12/partial round 7/x^2·x^2"), "a #/rounds");
}

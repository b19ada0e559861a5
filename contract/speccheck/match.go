package main

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// matching matches operations of a document with the SDK's.
type matching struct {
	ours, theirs []*operation              // not yet matched
	pairs        map[*operation]*operation // ours to theirs
	likely       map[*operation]bool       // ours that were matched by similarity
	prefix       move                      // of most paths
	moves        []move                    // of the paths of pairs
	traits       map[*operation]traits
	owners       map[string]bool // of our operations
	ends         map[string]int  // number of operations with a method and an end
}

// move is the beginning of paths in the SDK and in the document.
type move struct{ from, to string }

// of returns the shape of a path after the move.
func (m move) of(path string) (string, bool) {
	rest, ok := strings.CutPrefix(shape(path)+"/", m.from+"/")
	return strings.TrimRight(m.to+"/"+rest, "/"), ok
}

// match matches operations: those at the same place, those with the same name, and then,
// one by one, the most similar ones.
func match(ours, theirs []*operation) *matching {
	m := &matching{
		ours: slices.Clone(ours), theirs: slices.Clone(theirs),
		pairs: map[*operation]*operation{}, likely: map[*operation]bool{}, traits: map[*operation]traits{}, owners: map[string]bool{}, ends: map[string]int{},
	}
	for _, op := range slices.Concat(ours, theirs) {
		m.traits[op] = traitsOf(op)
	}
	for _, op := range ours {
		m.owners[m.traits[op].owner] = true
		m.ends[op.method+m.traits[op].end]++
	}
	m.findPrefix()
	m.pairBy(func(a, b *operation) bool { return a.method == b.method && m.below(a) == shape(b.path) })
	m.pairBy(func(a, b *operation) bool { return a.method == b.method && shape(a.path) == shape(b.path) })
	m.pairBy(func(a, b *operation) bool { return verb(a) == verb(b) && letters(a.id) == letters(b.id) })
	m.pairBy(func(a, b *operation) bool { return verb(a) == verb(b) && letters(a.summary) == letters(b.summary) })
	for m.pairLikest() {
	}
	return m
}

// below returns the shape of one of our paths under the document's prefix.
func (m *matching) below(op *operation) string {
	path, _ := m.prefix.of(op.path)
	return path
}

// findPrefix finds the common beginning of most paths.
func (m *matching) findPrefix() {
	m.prefix.from = "/" + words(m.ours[0].path)[0]
	heads := map[string]int{}
	for _, a := range m.ours {
		for _, b := range m.theirs {
			head, ok := strings.CutSuffix(shape(b.path), strings.TrimPrefix(shape(a.path), m.prefix.from))
			if ok && a.method == b.method {
				heads[head]++
			}
		}
	}
	m.prefix.to = m.prefix.from
	for _, head := range slices.Sorted(maps.Keys(heads)) {
		if heads[head] > heads[m.prefix.to] && 3*heads[head] >= len(m.ours) {
			m.prefix.to = head
		}
	}
}

// pairBy pairs operations for which same returns true, if the match is unique.
func (m *matching) pairBy(same func(a, b *operation) bool) {
	for _, a := range slices.Clone(m.ours) {
		is := func(b *operation) bool { return same(a, b) }
		if i := slices.IndexFunc(m.theirs, is); i >= 0 && !slices.ContainsFunc(m.theirs[i+1:], is) {
			m.pair(a, m.theirs[i])
		}
	}
}

// pair records how the path moved: as a whole, and up to the common end of both paths.
func (m *matching) pair(a, b *operation) {
	m.pairs[a] = b
	m.ours = slices.DeleteFunc(m.ours, func(op *operation) bool { return op == a })
	m.theirs = slices.DeleteFunc(m.theirs, func(op *operation) bool { return op == b })
	m.moves = append(m.moves, move{shape(a.path), shape(b.path)})
	from, to := strings.Split(shape(a.path), "/"), strings.Split(shape(b.path), "/")
	for from[len(from)-1] == to[len(to)-1] && len(from) > 2 && len(to) > 2 {
		from, to = from[:len(from)-1], to[:len(to)-1]
	}
	m.moves = append(m.moves, move{strings.Join(from, "/"), strings.Join(to, "/")})
}

const (
	impossible = -1e9 // similarity of operations that cannot match
	enough     = 3.0  // minimum similarity of a pair
	distance   = 0.5  // minimum distance to every other pair with one of the two
)

// pairLikest pairs the two most similar operations, if no other pair with one of them is
// nearly as similar. It reports whether there was such a pair.
func (m *matching) pairLikest() bool {
	best := enough
	var ours, theirs *operation
	for _, a := range m.ours {
		for _, b := range m.theirs {
			score, evident := m.likeness(a, b)
			isRival := func(a, b *operation) bool {
				other, _ := m.likeness(a, b)
				return other > score-distance
			}
			if score < best || !evident ||
				slices.ContainsFunc(m.ours, func(o *operation) bool { return o != a && isRival(o, b) }) ||
				slices.ContainsFunc(m.theirs, func(o *operation) bool { return o != b && isRival(a, o) }) {
				continue
			}
			best, ours, theirs = score, a, b
		}
	}
	if ours == nil {
		return false
	}
	m.likely[ours] = true
	m.pair(ours, theirs)
	return true
}

// traits are the properties by which operations are compared.
type traits struct {
	words          []string // of the path, without placeholders
	end            string   // the last word, and a placeholder if one follows
	owner          string   // the first word with a placeholder after it
	body, response []string // the names of the fields
	list           bool
}

func traitsOf(op *operation) traits {
	t := traits{words: words(op.path), body: fieldNames(op.body.json)}
	t.end = t.words[len(t.words)-1]
	if strings.HasSuffix(op.path, "}") {
		t.end += "{}"
	}
	if before, _, ok := strings.Cut(shape(op.path), "/{}"); ok {
		t.owner = before[strings.LastIndex(before, "/")+1:]
	}
	data := op.response.json
	if data != nil && data.Properties["data"] != nil {
		data = data.Properties["data"].Value
	}
	t.list = data != nil && data.Items != nil
	t.response = append(fieldNames(data), fieldNames(op.response.events)...)
	return t
}

// words returns the parts of a path that are not placeholders; there is at least one.
func words(path string) []string {
	words := strings.FieldsFunc(placeholder.ReplaceAllString(path, ""), func(r rune) bool { return strings.ContainsRune("/:.", r) })
	return append(words, "")[:max(1, len(words))]
}

// fieldNames returns the names of all fields in a schema.
func fieldNames(s *openapi3.Schema) (names []string) {
	if s != nil {
		_ = s.NewRef().WalkSubtree(func(_ string, ref *openapi3.SchemaRef) error {
			names = slices.AppendSeq(names, maps.Keys(ref.Value.Properties))
			return nil
		})
	}
	slices.Sort(names)
	return slices.Compact(names)
}

const (
	different = 0.2 // minimum overlap of the fields of a body; below it, the bodies differ
	same      = 0.6
)

// likeness returns the similarity of two operations, and whether more than the words of
// the path supports it.
func (m *matching) likeness(a, b *operation) (score float64, evident bool) {
	s, t := m.traits[a], m.traits[b]
	isOther := func(a, b []string) bool { return len(a) > 0 && len(b) > 0 && overlap(a, b) < different }
	isForeign := func(word string) bool { return m.owners[word] && !slices.Contains(s.words, word) }
	if verb(a) != verb(b) || a.response.streams() != b.response.streams() || isOther(s.body, t.body) || isOther(s.response, t.response) ||
		s.list != t.list && len(s.response) > 0 && len(t.response) > 0 ||
		len(s.body) == 0 && b.body.json != nil && len(b.body.json.Required) > 0 ||
		!slices.Contains(t.words, s.owner) && slices.ContainsFunc(t.words, isForeign) {
		return impossible, false
	}
	place := overlap(s.words, t.words)
	for _, move := range m.moves {
		if path, ok := move.of(a.path); ok {
			place = max(place, overlap(words(path), t.words))
			evident = evident || path == shape(b.path) && a.method == b.method
		}
	}
	score = 2*place + points(10, evident) + points(1, a.method == b.method) + points(2, s.end == t.end) + points(3, a.response.streams()) +
		points(-1, (len(s.body) > 0) != (len(t.body) > 0) || len(s.response) == 0 && len(t.response) > 0)
	evident = evident || s.end == t.end && m.ends[a.method+s.end] == 1 || a.response.streams()
	for _, names := range [][2][]string{{s.body, t.body}, {s.response, t.response}} {
		weight := overlap(names[0], names[1]) * min(1, float64(len(names[0]))/3) // few names have less weight
		score += 3 * weight
		evident = evident || weight >= same
	}
	return score, evident
}

func points(n float64, is bool) float64 {
	if is {
		return n
	}
	return 0
}

// overlap returns the fraction of two lists that is in both, from 0 to 1.
func overlap(a, b []string) float64 {
	both := 0
	for _, name := range a {
		if slices.Contains(b, name) {
			both++
		}
	}
	return float64(both) / max(1, float64(len(a)+len(b)-both))
}

// verb distinguishes methods that are never replaced by one another.
func verb(op *operation) string {
	if op.method == "GET" || op.method == "DELETE" {
		return op.method
	}
	return "write"
}

var punctuation = regexp.MustCompile(`[^\pL\pN]+`)

// letters returns a name without its punctuation and case.
func letters(s string) string { return punctuation.ReplaceAllString(strings.ToLower(s), "") }

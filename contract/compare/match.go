package compare

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/remsyshq/agento-go/contract/sdk"
	"github.com/remsyshq/agento-go/contract/spec"
)

// match finds for each operation of the SDK the one of the document that it is:
// the one at its place, else the one of its name, else the one that is most like
// it. added are the operations of the document that are left.
func match(ours []sdk.Operation, theirs []spec.Operation) (pairs map[string]*spec.Operation, added []spec.Operation) {
	pairs = map[string]*spec.Operation{}
	taken := make([]bool, len(theirs))
	pair := func(op sdk.Operation, i int) {
		pairs[op.Name] = &theirs[i]
		taken[i] = true
	}
	pairBy := func(same func(sdk.Operation, spec.Operation) bool) {
		for _, op := range ours {
			for i := range theirs {
				if pairs[op.Name] == nil && !taken[i] && same(op, theirs[i]) {
					pair(op, i)
				}
			}
		}
	}
	pairBy(samePlace)
	pairBy(sameName)
	for _, l := range likenesses(ours, theirs) {
		if pairs[ours[l.ours].Name] == nil && !taken[l.theirs] {
			pair(ours[l.ours], l.theirs)
		}
	}
	for i := range theirs {
		if !taken[i] {
			added = append(added, theirs[i])
		}
	}
	return pairs, added
}

func samePlace(a sdk.Operation, b spec.Operation) bool {
	return a.Method == b.Method && shape(a.Path) == shape(b.Path)
}

func sameName(a sdk.Operation, b spec.Operation) bool {
	return sort(a.Method) == sort(b.Method) && letters(a.Name) == letters(b.ID)
}

// shape is a path without the names of its placeholders.
func shape(path string) string {
	segments := strings.Split(strings.TrimRight(path, "/"), "/")
	for i, s := range segments {
		if strings.HasPrefix(s, "{") || strings.HasPrefix(s, ":") {
			segments[i] = "{}"
		}
	}
	return strings.Join(segments, "/")
}

// sort tells methods apart that never become one another.
func sort(method string) string {
	switch method {
	case "GET", "HEAD":
		return "read"
	case "DELETE":
		return "delete"
	}
	return "write"
}

// letters is a name without its punctuation and case.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

type likeness struct {
	ours, theirs int
	score        float64
}

// likenesses are the pairs that could be one operation, the likeliest first.
func likenesses(ours []sdk.Operation, theirs []spec.Operation) []likeness {
	var all []likeness
	for i, a := range ours {
		for j, b := range theirs {
			if score := like(a, b); score > 0 {
				all = append(all, likeness{i, j, score})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b likeness) int { return cmp.Compare(b.score, a.score) })
	return all
}

// sameWords is how much of two summaries must agree, of 1.
const sameWords = 0.6

// like says how much an operation of the document is like one of ours; 0 is not
// enough to believe that it is the same.
func like(a sdk.Operation, b spec.Operation) float64 {
	if sort(a.Method) != sort(b.Method) {
		return 0
	}
	ours, theirs := literals(a.Path), literals(b.Path)
	summaries := overlap(words(a.Summary), words(b.Summary))
	sameEnd := last(ours) == last(theirs) && endsInPlaceholder(a.Path) == endsInPlaceholder(b.Path)
	if shape(a.Path) != shape(b.Path) && !sameEnd && summaries < sameWords {
		return 0
	}
	score := summaries + overlap(ours, theirs)
	if sameEnd {
		score++
	}
	if a.Method == b.Method {
		score++
	}
	if slices.ContainsFunc(b.Tags, func(tag string) bool { return strings.EqualFold(tag, a.Group) }) {
		score += 0.5
	}
	return score
}

func endsInPlaceholder(path string) bool { return strings.HasSuffix(shape(path), "{}") }

// literals are the segments of a path that are not placeholders.
func literals(path string) []string {
	return slices.DeleteFunc(strings.Split(strings.Trim(shape(path), "/"), "/"), func(s string) bool { return s == "{}" })
}

func last(segments []string) string {
	if len(segments) == 0 {
		return ""
	}
	return segments[len(segments)-1]
}

// synonyms are words that summaries use for the same thing.
var synonyms = map[string]string{
	"get": "read", "retrieve": "read", "fetch": "read", "show": "read", "view": "read",
	"edit": "update", "modify": "update", "change": "update", "replace": "update", "set": "update",
	"remove": "delete", "add": "create", "new": "create", "ingest": "create", "upload": "create",
}

var articles = []string{"a", "an", "the", "of", "s", "for", "in", "from", "to", "into", "it", "its", "or", "and", "by", "with"}

// words are what a summary says, without endings and articles.
func words(summary string) []string {
	var out []string
	for _, w := range strings.FieldsFunc(strings.ToLower(summary), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if slices.Contains(articles, w) {
			continue
		}
		if len(w) > 3 {
			w = strings.TrimSuffix(w, "s")
		}
		if same, ok := synonyms[w]; ok {
			w = same
		}
		out = append(out, w)
	}
	return out
}

// overlap is how much of two lists is in both, from 0 to 1.
func overlap(a, b []string) float64 {
	all := map[string]int{}
	for _, s := range a {
		all[s] |= 1
	}
	for _, s := range b {
		all[s] |= 2
	}
	both := 0
	for _, in := range all {
		if in == 3 {
			both++
		}
	}
	if len(all) == 0 {
		return 0
	}
	return float64(both) / float64(len(all))
}

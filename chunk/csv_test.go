package chunk_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/chunk"
)

func TestChunksOfRecords(t *testing.T) {
	tests := map[string]struct {
		name, text string
		want       []string // title | content
	}{
		"rows":                  {"a.csv", "name,price\nPen,2\n\"Ink, blue\",\"5\n6\"\n", []string{" | name: Pen\nprice: 2", " | name: Ink, blue\nprice: 5\n6"}},
		"header only":           {"a.csv", "name,price\n", nil},
		"blank cells and rows":  {"a.csv", "name, ,price\nPen,x, \n\n , ,\n", []string{" | name: Pen\nx"}},
		"question":              {"a.csv", "Answer,lang, QUESTION \nSo.,en,\" Why\n not? \"\n", []string{"Why not? | Why\n not?\n\nSo.\n\nlang: en"}},
		"q and a":               {"a.csv", "q,a\nWhy?,So.\n", []string{"Why? | Why?\n\nSo."}},
		"title and content":     {"a.csv", "title,content\nHours,9 to 5\n", []string{"Hours | Hours\n\n9 to 5"}},
		"question before title": {"a.csv", "title,content,question,answer\nT,C,Q,A\n", []string{"Q | Q\n\nA\n\ntitle: T\ncontent: C"}},
		"a question only":       {"a.csv", "question,reply\nWhy?,So.\n", []string{" | question: Why?\nreply: So."}},
		"no answer":             {"a.csv", "q,a\nWhy?,\n,So.\n", []string{"Why? | Why?", " | So."}},
		"question twice":        {"a.csv", "q,a,q\nWhy?,So.,Or?\n", []string{"Why? | Why?\n\nSo.\n\nq: Or?"}},
		"semicolons":            {"a.csv", "q;a\r\nWhy?;So, so.\r\n", []string{"Why? | Why?\n\nSo, so."}},
		"tabs":                  {"a.csv", "\ufeffq\ta\nWhy?\tSo; so.\n", []string{"Why? | Why?\n\nSo; so."}},
		"one column":            {"a.csv", "\nname\nPen; ink\n", []string{" | name: Pen; ink"}},
		"old Macintosh":         {"a.csv", "q,a\rWhy?,So.\r", []string{"Why? | Why?\n\nSo."}},

		"array":           {"a.json", `[{"question":"Why?","answer":"So."},{"question":"Where?","answer":"So."}]`, []string{"Why? | Why?\n\nSo.", "Where? | Where?\n\nSo."}},
		"object":          {"a.json", "\ufeff{\"version\":2,\"tags\":[\"x\"],\r\n\"faq\":[{\"q\":\"Why?\",\"a\":\"So.\"}]}\r\n", []string{"Why? | Why?\n\nSo."}},
		"several arrays":  {"a.json", `{"b":[{"q":"1","a":"2"}],"none":[],"a":[{"Title":"3","Content":"4"}]}`, []string{"1 | 1\n\n2", "3 | 3\n\n4"}},
		"other members":   {"a.json", `[{"id":7,"q":"Why?","a":"So.","tags":["x","y"],"by":null,"note":"n"}]`, []string{"Why? | Why?\n\nSo.\n\nid: 7\ntags: [\"x\",\"y\"]\nnote: n"}},
		"line ends":       {"a.json", `[{"q":"Why?","a":"So.\r\n\r\nYes.\r"}]`, []string{"Why? | Why?\n\nSo.\n\nYes."}},
		"paragraphs":      {"a.json", `[{"q":"Why?","a":["So.","Yes."]}]`, []string{"Why? | Why?\n\n[\"So.\",\"Yes.\"]"}},
		"nothing in it":   {"a.json", " [ \n] ", nil},
		"nothing in that": {"a.json", `{"faq":[]}`, nil},
		"blank entry":     {"a.json", `[{"q":" ","a":null}]`, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			chunks, errs := chunksOf(fstest.MapFS{tt.name: textFile(tt.text)})
			require.Empty(t, errs)
			require.Equal(t, tt.want, titled(chunks))
		})
	}
}

// The parts of a long answer all have the question for their title.
func TestChunksOfALongAnswer(t *testing.T) {
	answer := strings.TrimSpace(strings.Repeat("So it is. ", 30))
	for name, text := range map[string]string{
		"a.csv":  "question,answer\nWhy?," + answer + "\n",
		"a.json": `{"faq":[{"question":"Why?","answer":"` + answer + `"}]}`,
	} {
		chunks, errs := chunksOf(fstest.MapFS{name: textFile(text)}, chunk.Size(100))
		require.Empty(t, errs)
		require.Len(t, chunks, 4)
		for _, c := range chunks {
			require.Equal(t, "Why?", c.Title)
		}
		require.Equal(t, squash("Why?"+answer), requireChunks(t, chunks, name, 100))
	}
}

func TestChunksOfALongQuestion(t *testing.T) {
	question := strings.TrimSpace(strings.Repeat("why ", 60))
	chunks, errs := chunksOf(fstest.MapFS{"a.csv": textFile("q,a\n" + question + ",So.\n")})
	require.Empty(t, errs)
	require.Len(t, chunks, 1)
	require.Equal(t, question+"\n\nSo.", chunks[0].Content)
	require.Len(t, []rune(chunks[0].Title), 200)
	require.True(t, strings.HasPrefix(chunks[0].Title, "why why"))
}

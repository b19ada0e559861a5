package chunk_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/chunk"
)

func TestRecords(t *testing.T) {
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
		"classic Mac OS":        {"a.csv", "q,a\rWhy?,So.\r", []string{"Why? | Why?\n\nSo."}},

		"sep line":                   {"a.csv", "sep=;\nName;Preis\nStift;2,50\n", []string{" | Name: Stift\nPreis: 2,50"}},
		"sep line of Excel":          {"a.csv", "\ufeffSEP=;\r\nName;Preis\r\nStift;2,50\r\n", []string{" | Name: Stift\nPreis: 2,50"}},
		"sep line in quotes":         {"a.csv", "\"sep=|\"\na|b\n1|2\n", []string{" | a: 1\nb: 2"}},
		"sep line with a tab":        {"a.csv", "sep=\t\na\tb,c\n1\t2,3\n", []string{" | a: 1\nb,c: 2,3"}},
		"sep line with a comma":      {"a.csv", "sep=,\nname\nPen; ink\n", []string{" | name: Pen; ink"}},
		"sep line with a colon":      {"a.csv", "sep=:\na:b\n1:2\n", []string{" | a: 1\nb: 2"}},
		"a column called sep=":       {"a.csv", "sep=�,b\n1,2\n", []string{" | sep=�: 1\nb: 2"}},
		"sep line only":              {"a.csv", "sep=;", nil},
		"only sep as a column":       {"a.csv", "sep=�\n1\n", []string{" | sep=�: 1"}},
		"a column called sep":        {"a.csv", "sep=5,b\n1,2\n", []string{" | sep=5: 1\nb: 2"}},
		"comma in a name":            {"a.csv", "Artikel;Preis (EUR, netto)\nStift;2\n", []string{" | Artikel: Stift\nPreis (EUR, netto): 2"}},
		"comma in names and numbers": {"a.csv", "Artikel;Preis (EUR, netto)\nStift;2,50\nTinte;3,10\n", []string{" | Artikel: Stift\nPreis (EUR, netto): 2,50", " | Artikel: Tinte\nPreis (EUR, netto): 3,10"}},
		"semicolon in a name":        {"a.csv", "name,\"size; weight\",note\nPen,1; 2,a;b;c\n", []string{" | name: Pen\nsize; weight: 1; 2\nnote: a;b;c"}},
		"comma in a name, tabs":      {"a.csv", "Name\tPreis, netto\nStift\t2,50\n", []string{" | Name: Stift\nPreis, netto: 2,50"}},
		"pipes":                      {"a.csv", "name|price, net\nPen|2\n", []string{" | name: Pen\nprice, net: 2"}},
		"separator in quotes":        {"a.csv", "\"a;b\",c\n\"1;2\",3\n", []string{" | a;b: 1;2\nc: 3"}},
		"line break in quotes":       {"a.csv", "a;b\n\"1,\n2;\";3\n", []string{" | a: 1,\n2;\nb: 3"}},
		"space before a quote":       {"a.csv", "name, note\nPen, \"red, blue\"\n", []string{" | name: Pen\nnote: red, blue"}},
		"empty cells between tabs":   {"a.csv", "a\tb\tc\n\t\t1\n", []string{" | c: 1"}},

		"array":                   {"a.json", `[{"question":"Why?","answer":"So."},{"question":"Where?","answer":"So."}]`, []string{"Why? | Why?\n\nSo.", "Where? | Where?\n\nSo."}},
		"object":                  {"a.json", "\ufeff{\"version\":2,\"tags\":[\"x\"],\r\n\"faq\":[{\"q\":\"Why?\",\"a\":\"So.\"}]}\r\n", []string{"Why? | Why?\n\nSo."}},
		"several arrays":          {"a.json", `{"b":[{"q":"1","a":"2"}],"none":[],"a":[{"Title":"3","Content":"4"}]}`, []string{"1 | 1\n\n2", "3 | 3\n\n4"}},
		"other members":           {"a.json", `[{"id":7,"q":"Why?","a":"So.","tags":["x","y"],"by":null,"note":"n"}]`, []string{"Why? | Why?\n\nSo.\n\nid: 7\ntags: [\"x\",\"y\"]\nnote: n"}},
		"escapes in a list":       {"a.json", `[{"q":"Why?","a":"So.","tags":["caf\u00e9","a\/b","\ud83d\ude00"]}]`, []string{"Why? | Why?\n\nSo.\n\ntags: [\"café\",\"a/b\",\"😀\"]"}},
		"escapes in an object":    {"a.json", `[{"q":"Why?","a":{"caf\u00e9":["x \u003c y\nz"],"n":1.50},"n":12345678901234567890}]`, []string{"Why? | Why?\n\n{\"café\":[\"x < y\nz\"],\"n\":1.50}\n\nn: 12345678901234567890"}},
		"quotes and backslashes":  {"a.json", `[{"q":"a\"b","a":["say \"c:\\d\"","e"]}]`, []string{"a\"b | a\"b\n\n[\"say \"c:\\d\"\",\"e\"]"}},
		"escapes in names":        {"a.json", `{"f\u00e4q":[{"q":"a","a":"b","caf\u00e9":true}]}`, []string{"a | a\n\nb\n\ncafé: true"}},
		"line ends":               {"a.json", `[{"q":"Why?","a":"So.\r\n\r\nYes.\r"}]`, []string{"Why? | Why?\n\nSo.\n\nYes."}},
		"paragraphs":              {"a.json", `[{"q":"Why?","a":["So.","Yes."]}]`, []string{"Why? | Why?\n\n[\"So.\",\"Yes.\"]"}},
		"nothing in it":           {"a.json", " [ \n] ", nil},
		"nothing in that":         {"a.json", `{"faq":[]}`, nil},
		"lines":                   {"a.jsonl", "{\"q\":\"Why?\",\"a\":\"So.\"}\r\n\r\n{\"q\":\"Who?\",\"a\":\"caf\\u00e9\",\"n\":[1]}", []string{"Why? | Why?\n\nSo.", "Who? | Who?\n\ncafé\n\nn: [1]"}},
		"lines without questions": {"a.NDJSON", "\ufeff{\"name\":\"Pen\",\"tags\":[\"caf\\u00e9\"],\"none\":null}\n{}\n", []string{" | name: Pen\ntags: [\"café\"]"}},
		"no lines":                {"a.jsonl", "\n \n", nil},
		"blank entry":             {"a.json", `[{"q":" ","a":null}]`, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			chunks, errs := chunksOf(fstest.MapFS{tt.name: textFile(tt.text)})
			require.Empty(t, errs)
			require.Equal(t, tt.want, titled(chunks))
		})
	}
}

// TestRecordsLongAnswer checks that all parts have the question as their title.
func TestRecordsLongAnswer(t *testing.T) {
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

func TestRecordsLongQuestion(t *testing.T) {
	question := strings.TrimSpace(strings.Repeat("why ", 60))
	chunks, errs := chunksOf(fstest.MapFS{"a.csv": textFile("q,a\n" + question + ",So.\n")})
	require.Empty(t, errs)
	require.Len(t, chunks, 1)
	require.Equal(t, question+"\n\nSo.", chunks[0].Content)
	require.Len(t, []rune(chunks[0].Title), 200)
	require.True(t, strings.HasPrefix(chunks[0].Title, "why why"))
}

// Package wire speaks the part of Agento's wire that is measured, with as little
// work as can be: what it answers is made before it is asked.
package wire

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// Key is what the clients send. It is made up.
const Key = "ak_live_0123456789abcdef0123456789abcdef"

// AgentID is an agent that the service has.
const AgentID = "a1b2c3d4-e5f6-7890-abcd-ef1234567890"

const (
	statusBody = `{"data":{"status":"running","running":true}}`
	textEvent  = `data: {"type":"text","content":"Hi there! "}` + "\n\n"
	lineEvent  = `data: {"type":"text","content":"Hi there!\n"}` + "\n\n"
	doneEvent  = `data: {"type":"done"}` + "\n\n"
	maxRows    = 100_000
)

// agentJSON is an agent in the documented form; n tells them apart.
func agentJSON(n int) string {
	return fmt.Sprintf(`{"id":"a1b2c3d4-e5f6-7890-abcd-%012d","name":"Assistant %d","status":"running","region":"eu",`+
		`"image":"openclaw/openclaw:latest","swarm":null,"createdAt":"2026-01-15T10:30:00.000Z",`+
		`"startedAt":"2026-01-15T10:31:00.000Z","stoppedAt":null}`, n, n)
}

var agentBody = `{"data":` + agentJSON(0) + `}`

// Sizes of the answers, for the page that reports on them.
var (
	StatusSize = len(statusBody)
	AgentSize  = len(agentBody)
)

// rows holds many agents as one text, and where each begins.
type rows struct {
	text   []byte
	starts []int
}

func makeRows(n int) rows {
	var text bytes.Buffer
	starts := make([]int, 0, n+1)
	for i := range n {
		starts = append(starts, text.Len())
		text.WriteString(agentJSON(i))
		text.WriteByte(',')
	}
	return rows{text.Bytes(), append(starts, text.Len())}
}

// page is the answer with the rows from offset on, limit at most, of a list of
// total rows.
func (r rows) page(total, limit, offset int) []byte {
	from := min(max(offset, 0), total)
	to := min(from+limit, total)
	var page bytes.Buffer
	page.Grow(r.starts[to] - r.starts[from] + 96)
	page.WriteString(`{"data":[`)
	if to > from {
		page.Write(r.text[r.starts[from] : r.starts[to]-1])
	}
	fmt.Fprintf(&page, `],"pagination":{"total":%d,"limit":%d,"offset":%d}}`, total, limit, offset)
	return page.Bytes()
}

// ingested is the answer to chunks that were taken in.
func ingested(n int) []byte {
	var ids strings.Builder
	for i := range n {
		if i > 0 {
			ids.WriteByte(',')
		}
		ids.WriteString(`"chunk_` + strconv.Itoa(i) + `"`)
	}
	return fmt.Appendf(nil, `{"data":{"ingested":%d,"duplicates":0,"ids":[%s]}}`, n, ids.String())
}

// Document is a Markdown text of a size in bytes.
func Document(size int) string {
	const line = "- Answer \"politely\", in the customer's language; look the order up first.\n"
	return strings.Repeat(line, size/len(line)+1)[:size]
}

// Chunks is text for a knowledge base: n pieces of some 200 bytes.
func Chunks(n int) []string {
	chunks := make([]string, n)
	for i := range chunks {
		chunks[i] = fmt.Sprintf("Entry %d: %s", i, strings.Repeat("orders ship within two days of payment; ", 5))
	}
	return chunks
}

package rows

import (
	"fmt"

	"github.com/remsyshq/agento-go/bench/clients"
	"github.com/remsyshq/agento-go/bench/wire"
)

const (
	goroutines = 64
	crowdText  = 20 // events of each stream of a crowd
	document   = 64 << 10
)

// What a generated client does with a chat.
const (
	Whole  = "reads the answer whole before it returns, so nothing can be shown before the end"
	ByHand = "has no type for the events of a stream; the loop that reads them is written by hand, as for raw net/http"
)

// What the generated clients do not have to do, where that shows.
var (
	barer = map[string]string{
		clients.Oapi: "it has no retries, pacing, time limits, or guard of the key",
		clients.Ogen: "it has no retries, pacing, time limits, or guard of the key, and decodes with generated code",
	}
	decoding = map[string]string{
		clients.Oapi: "it keeps an id as 16 bytes and fails on one that is no UUID; the SDK keeps the text, whatever it is",
		clients.Ogen: "it decodes with code generated for each type, and fails on an answer that lacks a field; the SDK uses encoding/json, as the raw client does, and takes what comes",
	}
	handedOver = map[string]string{
		clients.Oapi: "it has no retries, pacing, time limits, or guard of the key, and its caller reads the connection itself; the SDK's events go through a goroutine and a channel",
	}
	attended = map[string]string{
		clients.Oapi: "it has no goroutine between the connection and the caller, and no timer that ends a silent stream",
		clients.Ogen: "it has no goroutine and no timer for a stream: it reads the answer whole",
	}
	fieldwise = map[string]string{
		clients.Oapi: "a caller's own struct is filled in one go; the SDK hands events through a goroutine and a channel",
		clients.Ogen: "as oapi-codegen, from an answer that is there as a whole",
	}
	encoding = map[string]string{
		clients.Oapi: barer[clients.Oapi],
		clients.Ogen: "it encodes with code generated for each type; the SDK uses encoding/json, as the raw client does",
	}
)

// Size says how much of everything there is.
type Size struct {
	crowd  int // streams at once
	rows   int // of the shortest list, and chunks of the smallest ingest
	events int // of the shortest answer
	share  int // every row's repetitions are divided by it
}

// The full size is what is reported. The short one shows that everything works.
var (
	Full  = Size{crowd: 1000, rows: 100, events: 1000, share: 1}
	Short = Size{crowd: 50, rows: 10, events: 100, share: 20}
)

// All is every row, in the order of the tables.
func All(size Size) []Row {
	crowd := size.crowd
	rows := []Row{
		{
			Key: "memory-status", Name: "Smallest call, in memory", Unit: "call", Behind: barer,
			What:   fmt.Sprintf("Read an agent's state (an answer of %d bytes) over a transport that answers at once, without a socket: what the client itself takes.", wire.StatusSize),
			memory: true, ops: 10_000, steps: 2, measure: repeat(status),
		},
		{
			Key: "memory-endless", Name: "The same, no deadline", Unit: "call", Behind: barer,
			What:   "The same with a context that has no deadline, so that the SDK's own limit of time needs a timer.",
			memory: true, endless: true, ops: 10_000, steps: 2, measure: repeat(status),
		},
		{
			Key: "memory-agent", Name: "Read an agent, in memory", Unit: "call", Behind: barer,
			What:   fmt.Sprintf("The smallest call with an answer of %d bytes, of which nine fields are decoded.", wire.AgentSize),
			memory: true, ops: 6_000, measure: repeat(get),
		},
		{
			Key: "call", Name: "Smallest call, loopback", Unit: "call", Behind: barer,
			What: "Read an agent's state from the server process, one call after the other on one connection.",
			ops:  200, steps: 40, measure: repeat(status),
		},
		{
			Key: "goroutines", Name: fmt.Sprintf("%d goroutines calling", goroutines), Unit: "call", Behind: barer,
			What: "The same call by 64 goroutines that share one client: time over calls.",
			ops:  20, units: goroutines, steps: 5, measure: repeatTogether(status, goroutines),
		},
		{
			Key: "list", Name: "List of 100 agents", Unit: "call", Behind: decoding,
			What: "One page of 100 agents, decoded.",
			ops:  40, steps: 5, measure: repeat(listOf(100)),
		},
		{
			Key: "create", Name: "Create with a 64 KiB document", Unit: "call", Behind: encoding,
			What: "Create an agent with a SOUL.md of 64 KiB of Markdown.",
			ops:  25, steps: 4, measure: repeat(create(wire.Document(document))),
		},
		{
			Key: "first-token", Name: "First token of a chat", Unit: "chat",
			What: "From sending a message to the first event of the answer, which the server sends at once.",
			ops:  60, steps: 10, measure: firstToken, Behind: handedOver, Cannot: map[string]string{clients.Ogen: Whole},
		},
		{
			Key: "crowd", Name: thousands(crowd) + " concurrent streams", Unit: "stream", Behind: attended,
			What: fmt.Sprintf("%s chats at once; each gets one event, is held until all are open, and then gets %d more.", thousands(crowd), crowdText),
			ops:  1, units: crowd, most: 9, measure: repeatTogether(chat(wire.Crowd(crowd, crowdText), crowdText+2), crowd),
		},
		{
			Key: "idle", Name: "Memory of an idle stream", Unit: "stream", bytes: true,
			What: fmt.Sprintf("Heap and stacks in use for each of %s open, silent chats: net/http's connection, the client, and the goroutine that reads.", thousands(crowd)),
			ops:  1, units: crowd, most: 5, measure: idle(crowd), Behind: attended, Cannot: map[string]string{clients.Ogen: Whole},
		},
	}
	lines := 10 * size.events
	rows = append(rows, Row{
		Key: "lines", Name: fmt.Sprintf("Stream of %s lines", thousands(lines)), Unit: "event",
		What: fmt.Sprintf("A chat answered with %s text events that end in a line break, which JSON escapes.", thousands(lines)), Behind: fieldwise,
		ops: 8, units: lines, measure: repeat(chat(wire.Lines(lines), lines+1)),
	})
	for _, scale := range []int{1, 10, 100} {
		rows = append(rows, iteration(size.rows, scale), events(size.events, scale), ingest(size.rows, scale))
	}
	for i := range rows {
		rows[i].ops = max(1, rows[i].ops/size.share)
	}
	return rows
}

// iteration, events and ingest are the rows of growth. One size of each is what
// the main table shows.

func iteration(base, scale int) Row {
	n := base * scale
	return Row{
		Key: fmt.Sprintf("rows-%dx", scale), Name: fmt.Sprintf("Iterate over %s rows", thousands(n)), Unit: "row",
		What:   fmt.Sprintf("All agents of a list of %s, in pages of %d.", thousands(n), clients.PageSize),
		Growth: "rows", Scale: scale, Only: scale != 100, Behind: decoding,
		list: n, ops: 100 / scale, units: n, measure: repeat(iterate(n)),
	}
}

func events(base, scale int) Row {
	n := base * scale
	return Row{
		Key: fmt.Sprintf("events-%dx", scale), Name: fmt.Sprintf("Stream of %s events", thousands(n)), Unit: "event",
		What:   fmt.Sprintf("A chat answered with %s text events, each delivered on its own.", thousands(n)),
		Growth: "events", Scale: scale, Only: scale != 10,
		ops: max(1, 80/scale), units: n, measure: repeat(chat(wire.Many(n), n+1)),
	}
}

func ingest(base, scale int) Row {
	n := base * scale
	return Row{
		Key: fmt.Sprintf("chunks-%dx", scale), Name: fmt.Sprintf("Ingest %s chunks", thousands(n)), Unit: "chunk",
		What:   fmt.Sprintf("One call that sends %s pieces of text of some 200 bytes, and reads the ids that it is answered with.", thousands(n)),
		Growth: "chunks", Scale: scale, Only: scale != 100, Behind: encoding,
		ops: 500 / scale, units: n, measure: repeat(ingestOf(wire.Chunks(n))),
	}
}

func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d,%03d", n/1000, n%1000)
}

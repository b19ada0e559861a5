package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
)

// forgetful is a service that takes in what comes and keeps none of it, so that
// what lives is the import's. It looks at the heap in each call.
type forgetful struct {
	chunks  int
	highest uint64
}

func (f *forgetful) RoundTrip(req *http.Request) (*http.Response, error) {
	answer := `{"data":[],"pagination":{"total":0,"limit":100,"offset":0}}`
	if req.Method == http.MethodPost {
		var body agento.IngestParams
		if err := json.NewDecoder(req.Body).Decode(&body); err != nil {
			return nil, err
		}
		ids := make([]string, len(body.Chunks))
		for i := range ids {
			ids[i] = fmt.Sprintf("%036d", f.chunks+i)
		}
		f.chunks += len(body.Chunks)
		encoded, err := json.Marshal(ids)
		if err != nil {
			return nil, err
		}
		answer = fmt.Sprintf(`{"data":{"ingested":%d,"duplicates":0,"ids":%s}}`, len(ids), encoded)
		f.highest = max(f.highest, liveHeap())
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{}, ContentLength: int64(len(answer)),
		Body: io.NopCloser(strings.NewReader(answer)), Request: req,
	}, nil
}

func liveHeap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// highWater is how much more is alive at most while so many files of 10 KB are
// imported, and how many chunks they are.
func highWater(t *testing.T, files int) (bytes uint64, chunks int) {
	folder := manual(t, files, 620)
	service := new(forgetful)
	client, err := agento.New(testKey, agento.WithHTTPClient(&http.Client{Transport: service}), agento.WithPacing(false))
	require.NoError(t, err)
	before := liveHeap()
	_, err = imported(t.Context(), client, agento.ForAgent("a"), folder, "")
	require.NoError(t, err)
	return service.highest - min(before, service.highest), service.chunks
}

// What ten times the files take more is the digests and IDs of their chunks, and nothing
// of the 10 MB of text.
func TestMemoryIsFlat(t *testing.T) {
	highWater(t, 10) // what is made once is there then
	few, fewChunks := highWater(t, 100)
	many, manyChunks := highWater(t, 1000)
	t.Logf("alive at most: %d KiB with 100 files (%d chunks), %d KiB with 1,000 (%d chunks)", few>>10, fewChunks, many>>10, manyChunks)
	require.Greater(t, manyChunks, 9*fewChunks)
	const perChunk, aBatch = 250, 2 << 20 // bytes: an entry, its ID and its key in a map that may have just grown; 256 KiB, sent as JSON and read
	require.Less(t, many, uint64(manyChunks*perChunk+aBatch))
}

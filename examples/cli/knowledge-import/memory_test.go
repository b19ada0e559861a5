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

// discardService accepts chunks without storing them, so that the heap contains only the
// data of the import. It measures the heap in each call.
type discardService struct {
	chunks  int
	highest uint64
}

func (f *discardService) RoundTrip(req *http.Request) (*http.Response, error) {
	body := `{"data":[],"pagination":{"total":0,"limit":100,"offset":0}}`
	if req.Method == http.MethodPost {
		var params agento.IngestParams
		if err := json.NewDecoder(req.Body).Decode(&params); err != nil {
			return nil, err
		}
		ids := make([]string, len(params.Chunks))
		for i := range ids {
			ids[i] = fmt.Sprintf("%036d", f.chunks+i)
		}
		f.chunks += len(params.Chunks)
		encoded, err := json.Marshal(ids)
		if err != nil {
			return nil, err
		}
		body = fmt.Sprintf(`{"data":{"ingested":%d,"duplicates":0,"ids":%s}}`, len(ids), encoded)
		f.highest = max(f.highest, liveHeap())
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{}, ContentLength: int64(len(body)),
		Body: io.NopCloser(strings.NewReader(body)), Request: req,
	}, nil
}

func liveHeap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// highWater imports files of 10 KB. It returns the maximum growth of the heap and the
// number of chunks.
func highWater(t *testing.T, files int) (bytes uint64, chunks int) {
	folder := manual(t, files, 620)
	service := new(discardService)
	client, err := agento.New(testKey, agento.WithHTTPClient(&http.Client{Transport: service}), agento.WithPacing(false))
	require.NoError(t, err)
	before := liveHeap()
	_, err = importFiles(t.Context(), client, agento.ForAgent("a"), folder, "")
	require.NoError(t, err)
	return service.highest - min(before, service.highest), service.chunks
}

// With ten times the files, the heap grows by the digests and IDs of the chunks, and not by
// the 10 MB of text.
func TestMemoryPerChunk(t *testing.T) {
	highWater(t, 10) // allocate what is allocated once
	few, fewChunks := highWater(t, 100)
	many, manyChunks := highWater(t, 1000)
	t.Logf("maximum heap: %d KiB with 100 files (%d chunks), %d KiB with 1,000 (%d chunks)", few>>10, fewChunks, many>>10, manyChunks)
	require.Greater(t, manyChunks, 9*fewChunks)
	const perChunk, batch = 250, 2 << 20 // bytes: an entry, its ID and its map key; a batch of 256 KiB with its JSON
	require.Less(t, many, uint64(manyChunks*perChunk+batch))
}

package wire

import (
	"encoding/json"
	"hash/maphash"
)

// SeenRows is the set of rows in the pages read so far. The zero value is empty.
type SeenRows struct {
	seed   maphash.Seed
	hashes map[uint64]bool
}

// NewRows returns the rows of a page whose IDs were not seen, and whether the page has
// any row that was not seen. Rows without an ID may be equal, so it returns all of them
// unless the whole page was seen. key returns the ID of a row.
func NewRows[T any](seen *SeenRows, page []T, key func(*T) string) (rows []T, fresh bool) {
	if seen.hashes == nil {
		seen.seed, seen.hashes = maphash.MakeSeed(), make(map[uint64]bool)
	}
	hashes := make([]uint64, len(page))
	for i := range page {
		id := key(&page[i])
		text := id
		if id == "" {
			content, _ := json.Marshal(page[i]) // cannot fail: the row was decoded from JSON
			text = string(content)
		}
		hashes[i] = maphash.String(seen.seed, text)
		known := seen.hashes[hashes[i]]
		if !known || id == "" {
			rows = append(rows, page[i])
		}
		fresh = fresh || !known
	}
	for _, h := range hashes {
		seen.hashes[h] = true
	}
	if !fresh {
		rows = nil
	}
	return rows, fresh
}

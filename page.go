package agento

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"strconv"

	"github.com/remsyshq/agento-go/internal/errs"
)

// Page is one page of a list.
type Page[T any] struct {
	Data       []T        `json:"data"`
	Pagination Pagination `json:"pagination"`
}

// Pagination says which part of a list a page is.
type Pagination struct {
	Total  int `json:"total"`
	Limit  int `json:"limit"`
	Offset int `json:"offset"`
}

// ListParams chooses a part of a list. The zero value leaves the choice to the
// service. Limit and offset are inferred from the documented pagination block.
type ListParams struct {
	Limit  int // rows at most
	Offset int // rows to skip
}

// orZero is what a filter points at, or the zero value where there is none.
func orZero[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

func (p *ListParams) query() (url.Values, error) {
	if p == nil {
		return nil, nil
	}
	return pageQuery(url.Values{}, p.Limit, p.Offset)
}

// pageQuery adds limit and offset to a query.
func pageQuery(q url.Values, limit, offset int) (url.Values, error) {
	if err := addNumber(q, "limit", limit); err != nil {
		return nil, err
	}
	return q, addNumber(q, "offset", offset)
}

// addNumber adds a number to a query, unless it is zero.
func addNumber(q url.Values, name string, n int) error {
	if n < 0 {
		return errs.Argument(name, "is negative: %d", n)
	}
	if n > 0 {
		q.Set(name, strconv.Itoa(n))
	}
	return nil
}

// decode reads the page from a whole answer. A null instead of rows is an empty
// page; an answer without data is not a page.
func (p *Page[T]) decode(body []byte) error {
	var answer struct {
		Data       *[]T       `json:"data"`
		Pagination Pagination `json:"pagination"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return err
	}
	if answer.Data == nil {
		var raw map[string]json.RawMessage
		if json.Unmarshal(body, &raw) != nil || !bytes.Equal(raw["data"], jsonNull) || tellsError(body) {
			return errNoData
		}
		answer.Data = new([]T)
	}
	p.Data, p.Pagination = *answer.Data, answer.Pagination
	return nil
}

var jsonNull = []byte("null")

// ErrListIncomplete ends an iteration over a list, or [SkillsService.Installed],
// that cannot know whether it saw every row: the service gave no more rows, or the
// same ones again, before the total that it had named.
var ErrListIncomplete = errors.New("agento: the list ended before its total; rows may be missing")

// pages iterates over the rows of a list, page by page, beginning at an offset.
// key tells rows apart, so that a row which moves to the next page while the list
// is read comes once.
func pages[T any](offset int, key func(*T) string, fetch func(offset int) (*Page[T], error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		var previous map[string]bool
		for offset := offset; ; {
			page, err := fetch(offset)
			if err != nil {
				yield(none, err)
				return
			}
			fresh, seen := freshRows(page.Data, previous, key)
			for _, row := range fresh {
				if !yield(row, nil) {
					return
				}
			}
			previous = seen
			offset += len(page.Data)
			total := page.Pagination.Total
			repeated := len(page.Data) > 0 && len(fresh) == 0 // whatever the offset adds up to
			if !repeated && (total > 0 && offset >= total || total == 0 && len(page.Data) == 0) {
				return
			}
			if len(fresh) == 0 {
				yield(none, ErrListIncomplete)
				return
			}
		}
	}
}

// freshRows leaves out the rows that the page before had, which is all of them
// where a service ignores the offset. seen holds the keys of this page.
func freshRows[T any](rows []T, previous map[string]bool, key func(*T) string) (fresh []T, seen map[string]bool) {
	seen = make(map[string]bool, len(rows))
	fresh = rows[:0:0]
	for i := range rows {
		k := key(&rows[i])
		if k == "" {
			k = content(rows[i])
		}
		if !previous[k] {
			fresh = append(fresh, rows[i])
		}
		seen[k] = true
	}
	return fresh, seen
}

// content tells rows without a key apart.
func content(row any) string {
	encoded, err := json.Marshal(row)
	if err != nil {
		return fmt.Sprintf("%+v", row)
	}
	return string(encoded)
}

// severalCalls readies the options of a method that makes several calls, none
// of which a person waits for.
func severalCalls(method string, opts []Option) ([]Option, error) {
	var s settings
	if err := s.set(onCall, opts); err != nil {
		return nil, err
	}
	if s.response != nil {
		return nil, errs.Argument("WithResponse", "does not fit %s, which makes several calls", method)
	}
	return append([]Option{WithBulk()}, opts...), nil
}

// iterate is the All… form of a list method.
func iterate[T any](method string, offset int, key func(*T) string, opts []Option, fetch func(offset int, opts []Option) (*Page[T], error)) iter.Seq2[T, error] {
	opts, err := severalCalls(method, opts)
	return pages(offset, key, func(offset int) (*Page[T], error) {
		if err != nil {
			return nil, err
		}
		return fetch(offset, opts)
	})
}

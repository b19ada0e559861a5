package agento

import (
	"encoding/json"
	"fmt"
	"iter"
	"net/url"
	"strconv"
	"strings"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/wire"
)

// Page is one page of a list.
type Page[T any] struct {
	Data       []T        `json:"data"`
	Pagination Pagination `json:"pagination"`
}

// Pagination is the position of a page in its list.
type Pagination struct {
	Total  int `json:"total"`
	Limit  int `json:"limit"`
	Offset int `json:"offset"`
}

// ListParams selects a part of a list. Zero values are not sent. The names are inferred
// from the documented pagination of responses.
type ListParams struct {
	Limit  int // the maximum number of rows
	Offset int // the number of rows to skip
}

func (p *ListParams) query() query {
	if p == nil {
		return query{}
	}
	return query{limit: p.Limit, offset: p.Offset}
}

// query is the query of a list. Zero values are not sent.
type query struct {
	limit, offset int
	filters       wire.Args
}

// filter returns a query parameter of a list, which is not sent if it is empty.
func filter(name, value string) wire.Arg {
	return wire.Arg{Placeholder: name, Name: name, Value: value}
}

// encode returns the query string.
func (q *query) encode() (string, error) {
	var encoded strings.Builder
	for _, n := range [...]struct {
		name  string
		value int
	}{{"limit", q.limit}, {"offset", q.offset}} {
		if n.value < 0 {
			return "", errs.Argument(n.name, "is negative: %d", n.value)
		}
		if n.value > 0 {
			encoded.WriteString("&" + n.name + "=" + strconv.Itoa(n.value))
		}
	}
	for _, f := range q.filters {
		if f.Value != "" {
			encoded.WriteString("&" + f.Placeholder + "=" + url.QueryEscape(f.Value))
		}
	}
	return strings.TrimPrefix(encoded.String(), "&"), nil
}

func (p *Page[T]) decode(body []byte) error {
	rows, pagination, err := wire.Rows[T](body)
	if err != nil {
		return err
	}
	p.Data, p.Pagination = rows, Pagination(pagination)
	var raw []map[string]json.RawMessage
	for i := range rows {
		if err := checkIdentity(&rows[i], i, body, &raw); err != nil {
			return err
		}
	}
	return nil
}

// identified is a result whose response must have one of some identifying fields.
type identified interface {
	// identity returns the names of the fields and whether one of them is not empty. row
	// is set for a row of a list.
	identity(row bool) (known bool, fields string)
}

// checkIdentity returns an error if a response has none of the identifying fields of a
// result. row is negative for a response that is not a list. If all fields are empty, the
// body is decoded into raw, once, to see if one is present: a document may be empty.
func checkIdentity(result any, row int, body []byte, raw *[]map[string]json.RawMessage) error {
	r, ok := result.(identified)
	if !ok {
		return nil
	}
	known, fields := r.identity(row >= 0)
	if known {
		return nil
	}
	if *raw == nil {
		*raw = wire.Objects(body)
	}
	names := strings.Fields(fields)
	switch i := max(row, 0); {
	case i < len(*raw) && wire.HasValue((*raw)[i], names):
		return nil
	case row >= 0:
		return fmt.Errorf("row %d of the list has no %s", row, strings.Join(names, " or "))
	}
	return fmt.Errorf("the response has no %s", strings.Join(names, " or "))
}

// Collect returns the values of an iterator, such as that of [AgentsService.All]. If the
// iterator yields an error, Collect returns the error and the values before it.
func Collect[T any](seq iter.Seq2[T, error]) (all []T, err error) {
	for v, err := range seq {
		if err != nil {
			return all, err
		}
		all = append(all, v)
	}
	return all, nil
}

// ErrListIncomplete means that rows of a list may be missing: the service repeated a page or
// returned fewer rows than its total, or [SkillsService.Installed] got more than 10,000.
var ErrListIncomplete = errs.ErrListIncomplete

// pages iterates over the rows of a list, beginning at an offset. key returns the ID of a
// row: a row that moves to the next page during the iteration is yielded once. A page
// without a new row ends the iteration, because a service may ignore the offset.
func pages[T any](offset int, key func(*T) string, fetch func(offset int) (*Page[T], error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		var seen wire.SeenRows
		for offset := offset; ; {
			page, err := fetch(offset)
			if err != nil {
				yield(none, err)
				return
			}
			rows, fresh := wire.NewRows(&seen, page.Data, key)
			for _, row := range rows {
				if !yield(row, nil) {
					return
				}
			}
			offset += len(page.Data)
			total := page.Pagination.Total
			switch {
			case total > 0 && offset >= total && (fresh || len(page.Data) == 0), total == 0 && len(page.Data) == 0:
				return
			case !fresh:
				yield(none, ErrListIncomplete)
				return
			}
		}
	}
}

package main

import (
	"github.com/remsyshq/agento-go/bench/rows"
)

// growth is the rows that do the same with more of it.
type growth struct {
	unit string
	rows []rows.Row // by rising scale
}

// growths are those that were measured, in the order of the rows.
func (p page) growths() []growth {
	var all []growth
	at := map[string]int{}
	for _, row := range p.rows {
		if row.Growth == "" || p.figures[row.Key] == nil {
			continue
		}
		i, known := at[row.Growth]
		if !known {
			i = len(all)
			at[row.Growth] = i
			all = append(all, growth{unit: row.Unit})
		}
		all[i].rows = append(all[i].rows, row)
	}
	return all
}

// flatness is what one costs in the largest, over what it costs in the smallest.
func (g growth) flatness(f figures, kind string) (float64, bool) {
	first, ok := f[g.rows[0].Key][kind]
	last, ok2 := f[g.rows[len(g.rows)-1].Key][kind]
	if !ok || !ok2 || len(g.rows) < 2 || first.value == 0 {
		return 0, false
	}
	return last.value / first.value, true
}

package wire

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
)

// Each response has another unknown field. Each operation has its own count.
func TestDriftComparedResponses(t *testing.T) {
	type object struct {
		ID string `json:"id"`
	}
	var d Drift
	for _, operation := range []string{"getAgent", "getSwarm"} {
		var compared []int
		for n := 1; n <= 600; n++ {
			body := fmt.Appendf(nil, `{"data":{"id":"a","field%d":1}}`, n)
			fresh := d.Compare(operation, body, reflect.TypeFor[object](), func(reflect.Type) []string { return nil })
			if len(fresh) > 0 {
				compared = append(compared, n)
			}
		}
		require.Equal(t, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 256, 512}, compared)
	}
}

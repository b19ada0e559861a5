package load

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPlan(t *testing.T) {
	p := Plan{Events: 2, Size: 12}
	require.Equal(t, p, ParseMessage(p.Message()))
	require.Equal(t, p, ParseRequest([]byte(`{"message":"{\"Events\":2,\"Size\":12}"}`)))
	require.Equal(t, Plan{}, ParseMessage("Hello"))
	require.Equal(t, []string{"0000/0002 xx", "0001/0002 xx"}, p.Texts())
	require.Equal(t, `data: {"type":"text","content":"0000/0002 xx"}`+"\n\n", p.Wire(1))
}

func TestCheckGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := runtime.NumGoroutine()
		require.NoError(t, CheckGoroutines(n))
		go time.Sleep(leakTimeout / 2)
		require.NoError(t, CheckGoroutines(n), "a goroutine that ends in time")
		go time.Sleep(2 * leakTimeout)
		require.ErrorContains(t, CheckGoroutines(n), "goroutines are left")
		time.Sleep(leakTimeout) // a bubble waits for its goroutines
	})
}

func TestCheckHeap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 1 << 20
		heap := Heap()
		require.NoError(t, CheckHeap(heap+limit))
		leaked := make([]byte, 2*limit)
		require.ErrorContains(t, CheckHeap(heap+limit), "live heap is")
		runtime.KeepAlive(leaked)
	})
}

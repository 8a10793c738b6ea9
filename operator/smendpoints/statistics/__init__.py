"""Which of two models is better, judged while the requests come in: pure functions over counts, numpy and no I/O.

| module | answers |
| --- | --- |
| `counts` | what was counted: requests, events, sums, batch by batch |
| `proportions` | is the difference of two rates beyond a limit? exact, whenever one looks |
| `means` | the same of two means with variances; asymptotic |
| `interval` | which differences are still possible: the confidence sequence |
| `split` | is the traffic split as the weights say? |
| `rules` | what is fixed before the start |
| `verdict` | INVALID, ROLLBACK, SHIP, HOLD, INCONCLUSIVE |
| `planning` | the smallest difference that so many requests can show |
| `answers`, `drift`, `models` | what models answered in production, side by side: a report from counts |
| `render`, `illustrated` over `pictures`, `document` | the report as text, as a page with pictures |
| `assignment` | the variant of a user, who keeps it; knows no numpy |

A test here is an **e-process**: a number that starts at 1 and that, while the null hypothesis holds, has an expected
value of at most 1 at every time at which one may look or stop. So the chance that it ever reaches 1/alpha is at most
alpha (Ville 1939; Ramdas, Grünwald, Vovk and Shafer, "Game-theoretic statistics and safe anytime-valid inference",
Statistical Science 2023). Numbers are kept as natural logarithms.

Nothing is imported here: who needs `assignment` alone needs no numpy.
"""

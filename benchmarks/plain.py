"""
The same balance, written the way one would explain it: one side, one day, one number at a time, with 3 by 3 matrices as lists.

It shares no line with `exchanges.balance`. The tests compare the core with it, and the benchmark uses it as a yardstick.
"""

import math
from itertools import groupby

KAPPA = math.log(1.5)
VAR_R = KAPPA**2
V = (VAR_R / 2, VAR_R / 2, VAR_R)
R = VAR_R * (1 / 0.7 - 1)
T = (1825.0, 180.0, 1825.0)
TAUS = (45.0, 90.0, 180.0)
TAU_USUAL = 720.0
V_ASK = R * (2**1.2 - 1)
SHOCK, GOT, GAVE, CONFIRM, CHECK = range(5)
NO_VALUE = -(2**63)


def normal(x):
    return 0.5 * math.erfc(-x / math.sqrt(2))


class Side:
    """One side of one relationship; `feed` takes its evidence, day by day."""

    def __init__(self):
        self.m = [0.0, 0.0, 0.0]
        self.P = [[V[0], 0.0, 0.0], [0.0, V[1], 0.0], [0.0, 0.0, V[2]]]
        self.day = self.first = self.answer = None
        self.surprised = False
        self.S1 = self.S2 = 0.0
        self.F = [0.0, 0.0, 0.0]
        self.L = 0.0

    def feed(self, rows):
        """Rows of (day, kind, value, relayed), any order."""
        for day, today in groupby(sorted(rows, key=lambda row: row[0]), key=lambda row: row[0]):
            self.tick(day, list(today))
        return self

    def tick(self, day, rows):
        if self.day is not None:
            self.wait(day - self.day)
        self.day = day
        if self.first is None:
            self.first = day
        if any(kind == SHOCK for _, kind, _, _ in rows):
            f = math.exp(-0.5)
            self.m[1] *= f
            for i in range(3):
                self.P[1][i] *= f
                self.P[i][1] *= f
            self.P[1][1] += V[1] * (1 - f * f)
        events = [row[1:] for row in rows if row[1] in (GOT, GAVE)]
        if events:
            self.events(events)
        confirms = [value / 1e9 for _, kind, value, _ in rows if kind == CONFIRM]
        if confirms:
            self.observe(sum(confirms) / len(confirms), 2 * R / len(confirms))
            self.answer, self.surprised = day, False
        checks = [(value / 1e6, 0.5 if relayed else 1.0) for _, kind, value, relayed in rows if kind == CHECK]
        if checks:
            total = sum(w for _, w in checks)
            mean = sum(w * y for y, w in checks) / total
            surprise = self.observe(KAPPA * mean, R / min(total, 2.0))
            self.answer, self.surprised = day, surprise > 2

    def wait(self, days):
        f = [math.exp(-days / t) for t in T]
        for i in range(3):
            self.m[i] *= f[i]
            for j in range(3):
                self.P[i][j] *= f[i] * f[j]
            self.P[i][i] += V[i] * (1 - f[i] ** 2)
        self.F = [total * math.exp(-days / tau) for total, tau in zip(self.F, TAUS, strict=True)]
        self.L *= math.exp(-days / TAU_USUAL)

    def events(self, rows):
        booked = []
        for kind, value, relayed in rows:
            size = None if value == NO_VALUE else value / 1e6
            if size is not None and size < 0:
                kind, size = GAVE, 1.5 * -size
            booked.append((kind, size, 0.5 if relayed else 1.0))
        sizes = [size for _, size, _ in booked if size is not None]
        if sizes:
            u0 = self.S2 / self.S1 if self.S1 > 0 else sum(sizes) / len(sizes)
            for size in sizes:
                clipped = min(size, 3 * u0)
                self.S1 += clipped
                self.S2 += clipped**2
        u = self.S2 / self.S1 if self.S1 > 0 else 1.0
        W1 = W0 = 0.0
        for kind, size, share in booked:
            w = share * (1.0 if size is None else min(size / u, 3.0))
            if kind == GOT:
                W1 += w
            else:
                W0 += w
        self.F = [total + W0 for total in self.F]
        self.L += W0
        W = W1 + W0
        if W == 0:
            return
        eta0 = eta = sum(self.m)
        Pe = sum(map(sum, self.P))
        for _ in range(3):
            q = 1 / (1 + math.exp(-eta))
            J = W * q * (1 - q)
            eta = eta0 + Pe / (1 + Pe * J) * (W1 - W * q + J * (eta - eta0))
        q = 1 / (1 + math.exp(-eta))
        J = W * q * (1 - q)
        self.update([1, 1, 1], eta + (W1 - W * q) / J, 1 / J)

    def observe(self, z, noise):
        r = self.m[0] + self.m[1]
        surprise = abs(z - r) / math.sqrt(self.variance() + noise)
        self.update([1, 1, 0], z, noise * max(1.0, surprise / 2))
        return surprise

    def update(self, H, z, noise):
        k = [sum(self.P[i][j] * H[j] for j in range(3)) for i in range(3)]
        S = sum(H[i] * k[i] for i in range(3)) + noise
        miss = z - sum(H[i] * self.m[i] for i in range(3))
        for i in range(3):
            self.m[i] += k[i] / S * miss
            for j in range(3):
                self.P[i][j] -= k[i] * k[j] / S

    def felt(self):
        return self.m[0] + self.m[1]

    def variance(self):
        return self.P[0][0] + 2 * self.P[0][1] + self.P[1][1]

    def at(self, day):
        """What is known on a later day, if nothing more is heard."""
        later = Side()
        later.__dict__.update(self.__dict__)
        later.m, later.P = list(self.m), [list(row) for row in self.P]
        if self.day is not None:
            later.wait(day - self.day)
            later.day = day
        return later

    def chances(self, band=0.75):
        sd = math.sqrt(self.variance())
        short = normal((-band * KAPPA - self.felt()) / sd)
        over = normal((self.felt() - band * KAPPA) / sd)
        return short, 1 - short - over, over

    def heard(self):
        return self.answer is not None and self.variance() <= 0.75 * VAR_R

    def sustained(self):
        sd = math.sqrt(self.P[0][0])
        return max(normal((self.m[0] - KAPPA / 2) / sd), normal((-self.m[0] - KAPPA / 2) / sd)) >= 0.8

    def withdrawal(self, day):
        """P(gives less than two thirds of its usual) on `self.day == day`, None when there is too little giving to tell."""
        age = 0 if self.first is None else day - self.first

        def effective(tau):
            return tau * (1 - math.exp(-age / tau))

        for tau, F in zip(TAUS, self.F, strict=True):
            if age < 3 * tau:
                continue
            Ef, Eo, O = effective(tau), effective(TAU_USUAL) - effective(tau), self.L - F  # noqa: E741
            lam = O / Eo
            if lam * Ef < 4:
                continue
            lr = math.log((F + 0.25) / Ef) - math.log((O + 0.25) / Eo)
            kf = tau / 2 * (1 - math.exp(-2 * age / tau))
            ks = TAU_USUAL / 2 * (1 - math.exp(-2 * age / TAU_USUAL))
            c = 1 / tau + 1 / TAU_USUAL
            kx = (1 - math.exp(-c * age)) / c
            variance = (kf / Ef**2 + (ks - 2 * kx + kf) / Eo**2 - 2 * (kx - kf) / (Ef * Eo)) / lam
            return normal((math.log(2 / 3) - lr) / math.sqrt(variance))
        return None

    def due(self, day):
        """Due day of this side, asked on `day`; `self` must stand at its last tick."""
        if self.answer is None:
            return day
        if self.surprised:
            return self.answer + 14
        if max(self.at(day).chances()) < 0.6:
            return self.answer + 30
        wait = 0
        while wait < 180 and self.at(self.day + wait).variance() < V_ASK:
            wait += 1
        return min(max(self.day + wait, self.answer + 30), self.answer + 180)

"""T4, T14, T15: ten thousand flipped bits, a segment of the first version, a lock left behind."""

from __future__ import annotations

import base64
import random
import zlib

import pytest

from gatelog.spool.journal import LOCK_NAME
from gatelog.spool.segment import DATA_OFFSET, segment_path

FLIPS = 10_000
HEADER_BYTES = 64
HEADER_COPY_OFFSET = 4096

# A sealed segment as version 1 writes it, made on 2026-11-21: boot 00..0f, pieces of at most 600 bytes.
# It is never made anew: whatever comes later must still read it.
VERSION_1 = zlib.decompress(
    base64.b85decode(
        "c-"
        "rmQi8Gsd9{}(tB%+PhI_f^64JCE6gzARGT^g@jQ!Q~<yHdweqKmq=RZ&$^N39Z6HCWWDnz}Ys#ZuN$tgCKu6ca6BWrla&_dj^&o#"
        "!+2o#!{d@9#U$%y+)?%>15TENmR?2m~7la0tS~3x)B)`Hvk(2%I=6c(niTJg{*lo;WDMT}55@TL3^H5C{YUfj}S-2m}KC&-"
        "(?u|ARmv5C{YUfj}S-2=sq%-@;}O_8<3q?(-"
        "FAMd4oUr)$0e!6BjC1Cj@uJckE(4o<f}<_jk8N9HTnYH&PUA<+O}9P00b4Ds<qLI7LmQ|jCz?k@t~qoQK~Fg&m+UT&(f&MiW=|94"
        "H}zY-AK8rOrjKo4tp4;BodqWz~%DT^>!H|ZJuvb^K;(dsG%r{-pZ<zn^jwM4_!*K6WR`q-"
        "*&KeLP{T5n*nktXJRG1gSOrH0*{EMaZ+v{DZ4bjWW{(`-"
        "9zLc_ObRVqetx5i0+DL#U=J>G8}5bxNU74zsIf}Czo7=D0#*5J2N*57lM%vl<{+b#xPO1wn)vs>Zya~yHP@ydwDOqX@^w*vU<nu0"
        "tHbo~Cdy;5hkp^DWR)PsO#x3a9ko#&!(ig|>9A=({Y$8)^;uVT8#oKSAb9r^U@=Cp-vE9Y2IS$L(K?J31zW%JM99CeLYMW4LXu71"
        "lLZ}H@@aq-"
        "L6uz#$xm%_olP+vWE;UalXKWgSDbW+ZkAzDH;fHYp1D_GP*8?1l`j7+&YJdnA$iOz7tbZ5r3sTI=1jGhT`u<nU_Bz4z9-"
        "?6DsBMHO8^KbL-"
        "d>Ow{_=pmwo^%(QCQ&{ekgs(Y?PR81G8W>5V&=!GjOd#WiBozq+&WRKP)oIN`568#b(6F87^&V(nEd4da&LWd*S=u;lGtTmM~kre"
        "VGH?m3%UCPXt;}(ugVgT)VP8r2Z&57$%>SeRiwqz5?g(N%<Okv;>PIV8y;UcktP?czB;9ZR!l}potxcSN+tq(B%j`dP*cbS!mSu2"
        "<*jmESU+qk=>9hAI!-f)hG;G5W4l{QEI^-`ynsdC4zrx{-"
        "ffC9GCc(e;df3Q%VH$wK?}UrD4(>Wx8Cyzt?*PnT#>FoX_RV550{D65TG`ugIBE6QOo<}D22~ZBUS4@<U&YI$EguN^%VO0eow>h("
        "agb)W=;SAh>O(bSGp1!om+M{n)>ZwUT3ykMekJBHrlj3RQpc*YL#B#nwVo|1REcY531!SvZy56CfVvFD`$dc5q<M`-"
        "}d;gq$o#f3tk~&C04JK7m;dG6dxclEMV*P*dHO;f}i6rqZn)P7Vi?Q;)3~}yvpBko)QO!*nFAgdo{5S0$nVfm<b8%nBvuPot-ZGt"
        "vaHCsuySAk+-pPr-E$z;vRoq>G0-8&`m`m&Wkx`u&G`6HWaX=O&dO}5jH-}h#LR3?p(|Up&oBDQKjy0U4-"
        "RyeE&U(m7Q(yT!wKe|NY`n#J(f>UY2!c4&!$Qncae^#?2_*_PN^YBFyiCq*Kkk*Oml_l4(?2Yh#Sv`SrZM*!P=^k!DtVobtY^SX_"
        "7#Fa2G&&mciDUK{eY$K5O<Cb|USL{j*(;s^QNrY)G9i`U7Kmiq;78Xn~70L<KqmHBhkKifq~FHy2$>=w=Vx;ESuMspF<BK-JD0+#"
        "4dTtpq_S#>R8-"
        "3;?UL{MmO=9biq^H<$<F;X)gKO0ccZS4G`RHn3vLY<?#4y~Mh;$^R1)gO&jtZFC(RsKO)uUhRqjxhd`GU}fcEES-NjO-"
        "`hpWMxx=@{_$<h%w>h_ZLu1BVQyTm9ddY}#tqoKC-T6$5>E@1suFjd~Hyz=>=Qa#?@sR$uA@M$KGU94!)~7+}5I-"
        "CI~)f3X0f>be%Mh;;IS-ks%p0bh=p9}XPEpv^AqnB+aBzn9Y-{p>DWI%l@nn-"
        "~y%x&Pa<y^D6^D?%wjG!f4;r475SA1i+^OC?vsYPd6}dhnU$JDNFu0BFM%0~77qk+l3_gn;YXBROAT|605GaJdl~(^(XCYqHofVl"
        "w2Zy;9xEN(s48#M@1EtkfsX9RnQ}ByQ*LRo2NcqA~a)&ylmMe=*1D*1==<Xo!Z7EM}X;OWWs5fu1vC%QaM?zw=NxO|V}EO08f!6S"
        "2{<d*6+Xr!ZAdG~l)Rqn~2vaf&`G>IIGGoQudpW~mSW&(i(SQHOnbHw<|R<w-"
        "&45OPi%Y%K0zf(1QEPSaC<)RxS|B6lU=3Kjz2#!O{6%Y;k{a>5m_{n4H~XfyUA_`@AW%VeEovu={)oFwcE&!>wHIbEW@Sryx|2GM"
        "4l*ko)}l8UAL{xwDhaW<=^z=_^*QaBFVstEWFdZjeEOYMt9PJTe@Sr~QPPOtwV0maFGvIFtap|iMs<n|AK*vHj_XmgohaN{V)f0$"
        "c42wf(-k{ka3PP9ZR"
    )
)
VERSION_1_RECORDS = [
    (1, b"first"),
    (2, b"the sea " * 100),
    (3, random.Random(14).randbytes(1500)),
    (239, b""),
]


def test_a_segment_of_the_first_version_is_read_whole(desk) -> None:
    """T14: and the next boot goes on behind it."""
    desk.disk.put(segment_path(desk.directory, 1), VERSION_1)
    assert [(record.kind, record.payload) for record in desk.records()] == VERSION_1_RECORDS
    assert not desk.verify().damaged
    journal = desk.open()
    assert journal.commit([(7, b"later")]) is None
    assert desk.payloads() == [*(payload for _, payload in VERSION_1_RECORDS), b"later"]


@pytest.mark.slow
def test_ten_thousand_flipped_bits_are_all_found_and_cost_one_record_each_at_most(desk) -> None:
    """T4: wherever the bit is, in a header or a record."""
    path = segment_path(desk.directory, 1)
    chance = random.Random(4)
    whole = [payload for _, payload in VERSION_1_RECORDS]
    places = [
        *range(HEADER_BYTES),
        *range(HEADER_COPY_OFFSET, HEADER_COPY_OFFSET + HEADER_BYTES),
        *range(DATA_OFFSET, len(VERSION_1)),
    ]
    for _ in range(FLIPS):
        damaged = bytearray(VERSION_1)
        damaged[chance.choice(places)] ^= 1 << chance.randrange(8)
        desk.disk.put(path, bytes(damaged))
        report = desk.verify()
        assert report.damaged or report.torn_tail_bytes
        left = desk.payloads()
        assert len(left) >= len(whole) - 1
        assert [payload for payload in whole if payload in left] == left


@pytest.mark.parametrize("holder", [b"", b"1\n", b"999999999\n", b"no number"])
def test_a_lock_file_that_nobody_holds_is_no_lock(desk, holder: bytes) -> None:
    """T15: the lock is the kernel's and dies with its process; the id in the file is for people."""
    desk.disk.put(desk.directory / LOCK_NAME, holder)
    desk.fill(b"one")
    assert desk.payloads() == [b"one"]
